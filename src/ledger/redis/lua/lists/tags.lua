-- One page of the present tags, or of their names, by name. After keys.lua and pages.lua; writes nothing.
--
-- ARGV[1]  also has spans: in the order of reading, lists { member } or { low, high (exclusive; '': no bound) } of
--          "registry repository"; after: null or { registry, repository, tag }, isDesc, isNames (absent: false), limit,
--          maxLooked
-- Returns  as pages.lua

local after = call.after ~= null and call.after
local afterMember = after and after[1] .. ' ' .. after[2]
-- Names sort between these.
local beyond = call.isDesc and '0' or string.rep('z', 128)

-- True while there is room.
local function visit(member)
  if looked >= call.maxLooked then return false end
  local registry, repository = string.match(member, '^(%S+) (%S+)$')
  local key = prefix .. 'p:' .. registry .. '/' .. repository
  local from = member == afterMember and '(' .. after[3] or call.isDesc and '+' or '-'
  local room = math.min(call.limit - found, call.maxLooked - looked)
  -- One more tells whether another page follows.
  local tags = call.isDesc and redis.call('ZRANGE', key, from, '-', 'BYLEX', 'REV', 'LIMIT', 0, room + 1)
    or redis.call('ZRANGE', key, from, '+', 'BYLEX', 'LIMIT', 0, room + 1)
  local count = math.min(#tags, room)
  if call.isNames then addNames(registry, repository, tags, count) else addTags(registry, repository, tags, count) end
  looked = looked + math.max(count, 1)
  if count > 0 then place(registry, repository, tags[count]) end
  if #tags > room then return false end
  if count == 0 and found < call.limit then place(registry, repository, beyond) end
  return true
end

if eachMember(visit) then return page(false) end
return page(true)
