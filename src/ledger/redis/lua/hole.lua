-- Handles a change after `after` that a reader found missing or damaged. After keys.lua, intact.lua and admit.lua.
--
-- ARGV[1]  also has after and isDamaged (the entry exists, but is not what was stored)
-- Returns  as status.lua. Raises the floor over the hole, if there is one: the change may have been stored meanwhile,
--          or dropped by retention

if call.after >= meta.floor and call.after < meta.head then
  local from = whole(call.after + 1) .. '-0'
  local first = redis.call('XRANGE', LOG, from, '+', 'COUNT', 1)[1]
  local floor = first and sequenceOf(first[1]) - 1 or meta.head
  if call.isDamaged then floor = math.max(floor, call.after + 1) end
  if floor > call.after then raiseFloor(meta, math.min(floor, meta.head)) end
end
