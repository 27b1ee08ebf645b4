-- Which present tags point at a digest. After keys.lua.
--
-- at          hash digest -> the tags there, "\n<registry> <repository> <tag>\n…\n"; of many: '*'. The field '' marks
--             the hash as ours: if it is missing, the key was lost (intact.lua).
-- d:<digest>  zset by name: the tags, if they are many

-- Bytes of a row. A longer one would make each further tag slower.
local maxInline = 2000

-- The order of bytes. Lua's own order of strings follows the server's locale.
local function precedes(a, b)
  local from = 1
  -- Names begin alike: 16 bytes at a time, while they do.
  while from <= #a and string.sub(a, from, from + 15) == string.sub(b, from, from + 15) do from = from + 16 end
  for i = from, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

-- The tags of one repository ("registry repository") at the digest, at most `limit`, by name. `text`: the row of `at`.
local function tagsIn(member, digest, text, limit)
  local tags, from = {}, #member + 2
  if text == '*' then
    local key = prefix .. 'd:' .. digest
    local found = redis.call('ZRANGE', key, '[' .. member .. ' ', '(' .. member .. '!', 'BYLEX', 'LIMIT', 0, limit)
    for i, name in ipairs(found) do tags[i] = string.sub(name, from) end
    return tags
  end
  for name in string.gmatch(text or '', '[^\n]+') do
    if string.sub(name, 1, from - 1) == member .. ' ' then tags[#tags + 1] = string.sub(name, from) end
  end
  table.sort(tags, precedes)
  return tags
end
