-- Leases unclaimed pending observations. After keys.lua, admit.lua and clock.lua.
--
-- ARGV[1]  also has limit and leaseMs
-- Returns  { id, observation, id, observation, … }

local claimed = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', DUE, '-inf', whole(now), 'LIMIT', 0, call.limit)) do
  redis.call('ZADD', DUE, whole(now + call.leaseMs), id)
  claimed[#claimed + 1] = id
  claimed[#claimed + 1] = redis.call('HGET', PENDING, id)
end
return claimed
