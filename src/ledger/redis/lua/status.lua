-- Where the ledger stands. Gateways ask regularly, which finds a failover even if nothing is written. After keys.lua,
-- admit.lua and clock.lua.
--
-- Returns  { epoch, floor, head, began (the head at which the epoch began), reason, the server's time }

local reason = redis.call('HGET', META, 'reason')
return { meta.epoch, whole(meta.floor), whole(meta.head), whole(meta.began), reason or '', whole(wall) }
