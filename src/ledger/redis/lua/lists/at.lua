-- One page of the present tags at a digest, by name. After keys.lua, tagged.lua, within.lua and pages.lua; writes
-- nothing.
--
-- ARGV[1]  also has digest; within as for isWithin; after: null or { registry, repository, tag }, limit, maxLooked
-- Returns  as pages.lua

local after = call.after ~= null and call.after
local afterName = after and after[1] .. ' ' .. after[2] .. ' ' .. after[3]
local text = redis.call('HGET', AT, call.digest)
local names = {}
if text == '*' then
  local from = afterName and '(' .. afterName or '-'
  names = redis.call('ZRANGE', prefix .. 'd:' .. call.digest, from, '+', 'BYLEX', 'LIMIT', 0, call.maxLooked + 1)
else
  for name in string.gmatch(text or '', '[^\n]+') do
    if not afterName or precedes(afterName, name) then names[#names + 1] = name end
  end
  table.sort(names, precedes)
end

for _, name in ipairs(names) do
  if found == call.limit or looked == call.maxLooked then return page(true) end
  local registry, repository, tag = string.match(name, '^(%S+) (%S+) (%S+)$')
  looked = looked + 1
  if isWithin(name) then addTag(registry, repository, tag) end
  place(registry, repository, tag)
end
return page(false)
