-- After keys.lua; writes nothing. ARGV[1] also has time, ms.
--
-- Returns  the sequence just before the first change recorded at or after that time

local bounds = redis.call('HMGET', META, 'floor', 'head')
if not bounds[1] then return '0' end
return whole(seek(call.time, tonumber(bounds[1]), tonumber(bounds[2])))
