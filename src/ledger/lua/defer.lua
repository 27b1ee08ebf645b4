-- Keeps observations that wait for their digest. After common.lua, admit.lua and deliveries.lua.
--
-- ARGV[1]  also has maxPending and keys: for each observation [dedupeKey or null, dedupeWindowMs or null]
-- ARGV[2…] each observation as JSON, as it will be given back
-- Returns  the id of each, '' where its delivery key was seen before; error PENDING <waiting> when too many wait

local waiting = redis.call('HLEN', PENDING)
if waiting + #call.keys > call.maxPending then return redis.error_reply('PENDING ' .. waiting) end

local ids = {}
for i, given in ipairs(call.keys) do
  local key, windowMs = given[1], given[2]
  ids[i] = ''
  if key == null or not isDuplicate(key, windowMs) then
    if key ~= null then remember(key) end
    -- With the epoch in it: after a failover the counter may be handed out again, and an id kept by a gateway
    -- from before must not settle another observation. Padded, so that ids sort as they came.
    ids[i] = meta.epoch .. '-' .. string.format('%012d', redis.call('HINCRBY', META, 'pendingId', 1))
    redis.call('HSET', PENDING, ids[i], ARGV[i + 1])
    redis.call('ZADD', DUE, 0, ids[i])
  end
end
return ids
