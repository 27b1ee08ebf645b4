-- Leases, for each tag, the first pending observation that waits for its turn. After keys.lua, admit.lua, clock.lua and
-- turns.lua.
--
-- ARGV[1]  also has limit and leaseMs
-- Returns  { the stamp, id, observation, id, observation, … }

local claimed = { whole(now) }
for _, id in ipairs(redis.call('ZRANGEBYSCORE', READY, '-inf', whole(now), 'LIMIT', 0, call.limit)) do
  local text = redis.call('HGET', PENDING, id)
  if text then
    redis.call('ZADD', READY, whole(now + call.leaseMs), id)
    claimed[#claimed + 1] = id
    claimed[#claimed + 1] = text
  else
    endTurn(id)
  end
end
return claimed
