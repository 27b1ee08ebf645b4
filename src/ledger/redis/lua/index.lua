-- The index: what every known tag points at, and which digests are known. After keys.lua, rows.lua, orders.lua and
-- tagged.lua, for record.lua, import.lua and migrate.lua.

-- Cached in the observation: it is needed some six times each, and making a string is slow.
local function repositoryOf(o)
  local key = o.repositoryKey
  if not key then
    key = o.registry .. '/' .. o.repository
    o.repositoryKey = key
  end
  return key
end

local function memberOf(o)
  local member = o.repositoryMember
  if not member then
    member = o.registry .. ' ' .. o.repository
    o.repositoryMember = member
  end
  return member
end

-- Cached: times and names repeat within a script, and encoding a number is slow.
local written = { [null] = 'null' }

local function json(value)
  if value == nil then return 'null' end
  local text = written[value]
  if not text then
    text = type(value) == 'number' and value % 1 == 0 and whole(value) or cjson.encode(value)
    written[value] = text
  end
  return text
end

-- A row that is not JSON counts as missing: the next observation writes it anew, and announces the tag.
local function getTag(repo, tag)
  local text = readRow(hashOf('t', repo), tag)
  if not text then return nil end
  local isList, row = pcall(cjson.decode, text)
  if not isList or type(row) ~= 'table' then return nil end
  -- The last member: rows of schema 1 have none, and end with a number.
  local sum, hasAll, hasMemory = row[#row], row[13], row[12]
  return {
    digest = row[1], mediaType = row[2], size = row[3], present = row[4] == 1,
    asOf = row[5], firstSeenAt = row[6], updatedAt = row[7], sequence = row[8],
    sum = type(sum) == 'string' and sum or '',
    lookedAt = hasMemory and row[9] or null, saidAt = hasMemory and row[10] or null,
    saidBy = hasMemory and row[11] or null,
    checkedAt = hasAll and row[12] or null,
  }
end

-- Looks into the cache first: a call for each member would cost a fiftieth of a commit.
local function tagText(row)
  local digest, mediaType, size, asOf, checkedAt = row.digest, row.mediaType, row.size, row.asOf, row.checkedAt
  local firstSeenAt, updatedAt, sequence = row.firstSeenAt, row.updatedAt, row.sequence
  local lookedAt, saidAt, saidBy = row.lookedAt, row.saidAt, row.saidBy
  local w = written
  return '[' .. (w[digest] or json(digest)) .. ',' .. (w[mediaType] or json(mediaType)) .. ','
    .. (w[size] or json(size)) .. (row.present and ',1,' or ',0,') .. (w[asOf] or json(asOf)) .. ','
    .. (w[firstSeenAt] or json(firstSeenAt)) .. ',' .. (w[updatedAt] or json(updatedAt)) .. ','
    .. (w[sequence] or json(sequence)) .. ',' .. (w[lookedAt] or json(lookedAt)) .. ','
    .. (w[saidAt] or json(saidAt)) .. ',' .. (w[saidBy] or json(saidBy)) .. ','
    .. (w[checkedAt] or json(checkedAt)) .. ',' .. json(row.sum or '') .. ']'
end

local function getManifest(repo, digest)
  local text = readRow(hashOf('m', repo), digest)
  if not text then return nil end
  -- Of earlier formats: the tags at the digest follow.
  local asOf, said, present, size, mediaType = string.match(text, '^(%-?%d+)(%S*) ([01]);?(%d*);?(%S*)')
  local saidAt, saidBy
  if said ~= '' then saidAt, saidBy = string.match(said, '^,(%-?%d+),(.*)$') end
  return {
    asOf = tonumber(asOf), present = present == '1',
    size = size ~= '' and tonumber(size) or null, mediaType = mediaType ~= '' and mediaType or null,
    saidAt = saidAt and tonumber(saidAt) or null, saidBy = saidBy or null,
  }
end

local noted = {}

local function noteRepository(o)
  local repo = repositoryOf(o)
  if noted[repo] then return end
  noted[repo] = true
  score('repos', '', '0', memberOf(o))
end

local function putManifest(o, digest, row)
  local hasSaid = row.saidAt ~= nil and row.saidAt ~= null
  local said = hasSaid and ',' .. json(row.saidAt) .. ',' .. row.saidBy or ''
  local size, mediaType = row.size, row.mediaType
  local hasSize, hasType = size ~= nil and size ~= null, mediaType ~= nil and mediaType ~= null
  local details = ''
  if hasSize or hasType then details = ';' .. (hasSize and json(size) or '') .. ';' .. (hasType and mediaType or '') end
  local hash = hashOf('m', repositoryOf(o))
  if not readRow(hash, digest) then noteRepository(o) end
  writeRow(hash, digest, json(row.asOf) .. said .. (row.present and ' 1' or ' 0') .. details)
end

-- Not made at once: import.lua writes below another prefix.
local function atHash()
  hashes.at = hashes.at or newHash(prefix .. 'at')
  return hashes.at
end

-- `line`: "\n<name>\n".
local function link(digest, name, line)
  local hash = atHash()
  local text = readRow(hash, digest)
  if not text then return writeRow(hash, digest, line) end
  local key = prefix .. 'd:' .. digest
  if text == '*' then return redis.call('ZADD', key, 0, name) end
  if string.find(text, line, 1, true) then return end
  text = text .. name .. '\n'
  if #text <= maxInline then return writeRow(hash, digest, text) end
  redis.call('UNLINK', key)
  for one in string.gmatch(text, '[^\n]+') do redis.call('ZADD', key, 0, one) end
  writeRow(hash, digest, '*')
end

local function unlink(digest, name, line)
  local hash = atHash()
  local text = readRow(hash, digest)
  if not text then return end
  if text == line then return writeRow(hash, digest, false) end
  if text == '*' then
    local key = prefix .. 'd:' .. digest
    redis.call('ZREM', key, name)
    if redis.call('EXISTS', key) == 0 then writeRow(hash, digest, false) end
    return
  end
  local from, to = string.find(text, line, 1, true)
  if from then writeRow(hash, digest, string.sub(text, 1, from) .. string.sub(text, to + 1)) end
end

-- `old`: the previous row, or nil.
local function putTag(o, tag, old, row)
  local repo = repositoryOf(o)
  writeRow(hashOf('t', repo), tag, tagText(row))
  if not old then noteRepository(o) end
  local wasPresent, isPresent = old ~= nil and old.present, row.present
  if not wasPresent and not isPresent then return end
  local name = o.registry .. ' ' .. o.repository .. ' ' .. tag
  if isPresent then
    if not wasPresent then
      score('p:', repo, '0', tag)
      grown[repo] = true
    end
    if not wasPresent or old.updatedAt ~= row.updatedAt then
      local at = json(row.updatedAt)
      if isOrdered(repo) then score('u:', repo, at, tag) end
      score('moved', '', at, name)
    end
  else
    unscore('p:', repo, tag)
    if isOrdered(repo) then unscore('u:', repo, tag) end
    unscore('moved', '', name)
  end
  local before = wasPresent and old.digest ~= null and old.digest
  local digest = isPresent and row.digest ~= null and row.digest
  if before == digest then return end
  local line = '\n' .. name .. '\n'
  if before then unlink(before, name, line) end
  if digest then link(digest, name, line) end
end

local function presentTags(repo)
  writeScores('p:', repo)
  return redis.call('ZRANGE', prefix .. 'p:' .. repo, 0, -1)
end

-- The present tags of the repository that point at the digest, sorted by name.
local function tagsAt(o, digest)
  local repo, tags = repositoryOf(o), {}
  for _, tag in ipairs(tagsIn(memberOf(o), digest, readRow(atHash(), digest), -1)) do
    local row = getTag(repo, tag)
    if row and row.present and row.digest == digest then tags[#tags + 1] = tag end
  end
  return tags
end
