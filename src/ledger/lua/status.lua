-- Where the ledger stands; also what keeps epochs honest while nobody writes. After common.lua and admit.lua.
--
-- Returns  { epoch, floor, head, began, reason }: `began` is the head at which the epoch began

local reason = redis.call('HGET', META, 'reason')
return { meta.epoch, whole(meta.floor), whole(meta.head), whole(meta.began), reason or '' }
