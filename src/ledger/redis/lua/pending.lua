-- Observations that wait for a look. After keys.lua, admit.lua and clock.lua.

local function waiting()
  return redis.call('HLEN', PENDING)
end

-- Returns its id. `text`: the observation as JSON; the stamp is appended here.
local function keepPending(text)
  -- The id contains the epoch: after a failover the counter may repeat, and an old id must not settle another
  -- observation. Padded, so that ids sort by age.
  local id = meta.epoch .. '-' .. string.format('%012d', redis.call('HINCRBY', META, 'pendingId', 1))
  redis.call('HSET', PENDING, id, string.sub(text, 1, -2) .. ',"keptAt":' .. whole(now) .. '}')
  redis.call('ZADD', DUE, 0, id)
  return id
end
