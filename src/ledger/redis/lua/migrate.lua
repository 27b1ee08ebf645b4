-- One bounded step of a migration to this format. After keys.lua, intact.lua, admit.lua, rows.lua, orders.lua,
-- tagged.lua and index.lua. Every step is whole, so that several gateways may take turns, and a kill loses nothing.
--
-- meta  migrating: the stage, 'links' or 'index'; migrated: where it stands
--   links  moves the entries of the stream to `relog`, each with its links; then that takes the place of `log`
--   index  makes p: into the orders by time, and `at`, one repository after the other
-- ARGV[1]  also has maxRows
-- Returns  '1' if nothing is left to do

local RELOG, RELINKS = prefix .. 'relog', prefix .. 'relinks'

local function nextStage(stage, migrated)
  redis.call('HSET', META, 'migrating', stage, 'migrated', migrated)
end

local newest = newHash(RELINKS)

local function moveEntry(id, fields)
  local isList, row = pcall(cjson.decode, fields[2] or '')
  if isList and type(row) == 'table' and type(row[3]) == 'string' and type(row[4]) == 'string' then
    local links = linksOf(newest, row[3] .. '/' .. row[4], row[5], whole(sequenceOf(id)))
    -- Of schema 1: without a checksum, and without damage that anyone could know of.
    if #fields == 2 then fields[3], fields[4] = 's', sumOf(fields[2]) end
    fields[5], fields[6] = 'l', links
  end
  redis.call('XADD', RELOG, id, unpack(fields))
end

local function addLinks()
  local entries = redis.call('XRANGE', LOG, '-', '+', 'COUNT', call.maxRows)
  for _, entry in ipairs(entries) do
    if sequenceOf(entry[1]) > meta.floor then moveEntry(entry[1], entry[2]) end
  end
  writeRows()
  local last = entries[#entries]
  if last then redis.call('XTRIM', LOG, 'MINID', whole(sequenceOf(last[1]) + 1) .. '-0') end
  if #entries == call.maxRows then return end
  if redis.call('EXISTS', RELOG) == 1 then redis.call('RENAME', RELOG, LOG) end
  redis.call('UNLINK', RELINKS)
  nextStage('index', '')
end

-- Rows that are left in this step.
local room = call.maxRows

local function indexTags(o, tags)
  local repo, member = repositoryOf(o), memberOf(o)
  for _, tag in ipairs(tags) do
    local row = getTag(repo, tag)
    if row and row.present then
      local at = json(row.updatedAt)
      local name = member .. ' ' .. tag
      if isOrdered(repo) then score('u:', repo, at, tag) end
      score('moved', '', at, name)
      if row.digest ~= null then link(row.digest, name, '\n' .. name .. '\n') end
    end
  end
end

-- `migrated`: '' at the beginning, else "registry repository tag", the last one that is done.
local function buildIndex()
  local member, tag = string.match(redis.call('HGET', META, 'migrated') or '', '^(%S+ %S+) (%S*)$')
  if not member then redis.call('UNLINK', AT, MOVED, ORDERED) end
  while room > 0 do
    if not tag then
      member = redis.call('ZRANGE', REPOS, member and '(' .. member or '-', '+', 'BYLEX', 'LIMIT', 0, 1)[1]
      if not member then
        writeRows()
        markHashes()
        redis.call('HDEL', META, 'migrating', 'migrated')
        return
      end
      local repo = string.gsub(member, ' ', '/', 1)
      redis.call('UNLINK', prefix .. 'u:' .. repo)
      local isLarge = redis.call('ZCARD', prefix .. 'p:' .. repo) > call.maxUnordered
      if isLarge then writeRow(orderedHash(), repo, '1') end
    end
    local registry, repository = string.match(member, '^(%S+) (%S+)$')
    local o = { registry = registry, repository = repository }
    local from = tag and '(' .. tag or '-'
    local tags = redis.call('ZRANGE', prefix .. 'p:' .. repositoryOf(o), from, '+', 'BYLEX', 'LIMIT', 0, room)
    indexTags(o, tags)
    tag = #tags == room and tags[#tags] or nil
    room = room - math.max(#tags, 1)
  end
  writeRows()
  -- '~' sorts after every tag: the repository is done.
  nextStage('index', member .. ' ' .. (tag or '~'))
end

if meta.migrating == 'links' then addLinks() elseif meta.migrating == 'index' then buildIndex() end
return redis.call('HEXISTS', META, 'migrating') == 1 and '0' or '1'
