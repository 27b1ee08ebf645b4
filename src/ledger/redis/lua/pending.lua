-- Observations that wait for a look. After keys.lua, admit.lua and clock.lua.

local function waiting()
  return redis.call('HLEN', PENDING)
end

-- Returns its id. `text`: the observation as JSON, without the stamp, which is put to its end here.
local function keepPending(text)
  -- With the epoch in it: after a failover the counter may be handed out again, and an id kept by a gateway
  -- from before must not settle another observation. Padded, so that ids sort as they came.
  local id = meta.epoch .. '-' .. string.format('%012d', redis.call('HINCRBY', META, 'pendingId', 1))
  redis.call('HSET', PENDING, id, string.sub(text, 1, -2) .. ',"keptAt":' .. whole(now) .. '}')
  redis.call('ZADD', DUE, 0, id)
  return id
end
