-- One page of the repositories that have a present tag, or whose list was read whole. After keys.lua and pages.lua;
-- writes nothing.
--
-- ARGV[1]  also has spans as tags.lua, limit, maxLooked
-- Returns  { rows of six: registry, repository, number of tags, marks or '', '1' if it has scopes, newest change as
--          entry of the stream or {}; the last repository looked at, empty on the last page; rows looked at }

local floor = tonumber(redis.call('HGET', META, 'floor') or 0)

local function newestOf(repo)
  local sequence = redis.call('HGET', LAST, repo)
  if not sequence or tonumber(sequence) <= floor then return {} end
  return redis.call('XRANGE', LOG, sequence .. '-0', sequence .. '-0')[1] or {}
end

local function visit(member)
  if found == call.limit or looked == call.maxLooked then return false end
  local registry, repository = string.match(member, '^(%S+) (%S+)$')
  local repo = registry .. '/' .. repository
  local tags, marks = redis.call('ZCARD', prefix .. 'p:' .. repo), redis.call('HGET', LISTED, repo)
  looked = looked + 1
  last = { registry, repository }
  if tags == 0 and not marks then return true end
  found = found + 1
  local hasScopes = redis.call('HEXISTS', SCOPES, repo) == 1 and '1' or '0'
  for _, value in ipairs({ registry, repository, whole(tags), marks or '', hasScopes, newestOf(repo) }) do
    rows[#rows + 1] = value
  end
  return true
end

if eachMember(visit) then return page(false) end
return page(true)
