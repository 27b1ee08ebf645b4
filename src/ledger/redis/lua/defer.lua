-- Keeps observations that wait for their digest. After keys.lua, admit.lua, clock.lua, deliveries.lua and
-- pending.lua.
--
-- ARGV[1]  also has maxPending and keys: for each observation [dedupeKey or null, dedupeWindowMs or null]
-- ARGV[2…] each observation as JSON; pending.lua appends the stamp
-- Returns  { the stamp, the id of each, '' if its delivery key is known }; error PENDING <waiting> if too many wait

if waiting() + #call.keys > call.maxPending then return redis.error_reply('PENDING ' .. waiting()) end

local ids = {}
for i, given in ipairs(call.keys) do
  local key, windowMs = given[1], given[2]
  ids[i] = ''
  if key == null or not isDuplicate(key, windowMs) then
    if key ~= null then remember(key) end
    ids[i] = keepPending(ARGV[i + 1])
  end
end
noteClock()
return { whole(now), ids }
