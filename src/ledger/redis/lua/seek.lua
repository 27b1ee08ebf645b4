-- After keys.lua; writes nothing. ARGV[1] also has time, ms. Returns the sequence before the first change recorded at
-- or after it.

local bounds = redis.call('HMGET', META, 'floor', 'head')
if not bounds[1] then return '0' end
return whole(seek(call.time, tonumber(bounds[1]), tonumber(bounds[2])))
