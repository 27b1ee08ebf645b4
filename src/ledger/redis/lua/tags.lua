-- One page of the present tags, ordered by registry, repository and tag. After keys.lua; writes nothing.
--
-- ARGV[1]  also has limit, maxVisited (repositories looked at), after (null or { registry, repository, tag }) and
--          members (null: all repositories; else "registry repository" in order, from the cursor's on)
-- Returns  { registry, repository, tag, row, … , last "registry repository" looked at or '' if that was all }

local after = call.after ~= null and call.after or nil
local afterMember = after and after[1] .. ' ' .. after[2]
local page, rows, visited = {}, 0, 0
local chunk = 100

local function visit(member)
  visited = visited + 1
  local registry, repository = string.match(member, '^(%S+) (%S+)$')
  local repo = registry .. '/' .. repository
  local from = member == afterMember and '(' .. after[3] or '-'
  local tags = redis.call('ZRANGE', prefix .. 'p:' .. repo, from, '+', 'BYLEX', 'LIMIT', 0, call.limit - rows)
  if #tags == 0 then return end
  local found = redis.call('HMGET', prefix .. 't:' .. repo, unpack(tags))
  for i, tag in ipairs(tags) do
    local at = #page
    page[at + 1], page[at + 2], page[at + 3], page[at + 4] = registry, repository, tag, found[i]
  end
  rows = rows + #tags
end

local function nextMembers(from)
  return redis.call('ZRANGE', REPOS, from, '+', 'BYLEX', 'LIMIT', 0, chunk)
end

local last = ''
local members = call.members ~= null and call.members or nextMembers(afterMember and '[' .. afterMember or '-')
while #members > 0 do
  for _, member in ipairs(members) do
    if rows >= call.limit or visited >= call.maxVisited then
      page[#page + 1] = last
      return page
    end
    visit(member)
    last = member
  end
  members = call.members ~= null and {} or nextMembers('(' .. last)
end
page[#page + 1] = ''
return page
