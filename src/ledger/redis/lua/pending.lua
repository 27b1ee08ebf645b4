-- Observations that wait for a look, or for their turn. After keys.lua, admit.lua and clock.lua.

local function waiting()
  return redis.call('HLEN', PENDING)
end

-- Returns its id. `text`: the observation as JSON; the stamp is appended here, `keptAt` or now. A turn is not due: the
-- caller adds it to its tag's.
local function keepPending(text, keptAt, isTurn)
  -- The id contains the epoch: after a failover the counter may repeat, and an old id must not settle another
  -- observation. Padded, so that ids sort by age.
  local id = meta.epoch .. '-' .. string.format('%012d', redis.call('HINCRBY', META, 'pendingId', 1))
  redis.call('HSET', PENDING, id, string.sub(text, 1, -2) .. ',"keptAt":' .. whole(keptAt or now) .. '}')
  if not isTurn then redis.call('ZADD', DUE, 0, id) end
  return id
end
