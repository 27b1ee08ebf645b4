-- Where the ledger stands; also what keeps epochs honest while nobody writes. After keys.lua, admit.lua
-- and clock.lua.
--
-- Returns  { epoch, floor, head, began, reason, the server's time }: `began` is the head at which the epoch began

local reason = redis.call('HGET', META, 'reason')
return { meta.epoch, whole(meta.floor), whole(meta.head), whole(meta.began), reason or '', whole(wall) }
