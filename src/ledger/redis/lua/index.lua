-- The index: what every known tag points at, and which digests are known. After keys.lua, for record.lua and
-- import.lua.

-- Cached in the observation: it is needed some six times each, and making a string is slow.
local function repositoryOf(o)
  local key = o.repositoryKey
  if not key then
    key = o.registry .. '/' .. o.repository
    o.repositoryKey = key
  end
  return key
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

-- Rows as this script knows them: read ahead, and written all at once by writeRows. A command for each row would cost
-- a third of a commit. `known`: field -> text, or false if there is none.
local hashes = { t = {}, m = {}, all = {} }

local function newHash(key)
  local hash = { key = key, known = {}, wanted = {}, changed = {} }
  hashes.all[#hashes.all + 1] = hash
  return hash
end

local function hashOf(part, repo)
  local hash = hashes[part][repo]
  if not hash then
    hash = newHash(prefix .. part .. ':' .. repo)
    hashes[part][repo] = hash
  end
  return hash
end

local function readRow(hash, field)
  if hash.known[field] == nil then hash.known[field] = redis.call('HGET', hash.key, field) end
  return hash.known[field]
end

local function writeRow(hash, field, text)
  hash.known[field], hash.changed[field] = text, text
end

-- Lua's stack bounds the arguments of one command.
local maxArguments = 1000

local function writeRows()
  for _, hash in ipairs(hashes.all) do
    local flat = {}
    for field, text in pairs(hash.changed) do flat[#flat + 1], flat[#flat + 2] = field, text end
    hash.changed = {}
    for from = 1, #flat, maxArguments do
      redis.call('HSET', hash.key, unpack(flat, from, math.min(from + maxArguments - 1, #flat)))
    end
  end
end

-- Reads the rows that are wanted. A key of another type is reported when its row is used.
local function readAhead(part)
  for _, hash in pairs(hashes[part]) do
    for from = 1, #hash.wanted, maxArguments do
      local to = math.min(from + maxArguments - 1, #hash.wanted)
      local texts = redis.pcall('HMGET', hash.key, unpack(hash.wanted, from, to))
      for i = 1, #texts do hash.known[hash.wanted[from + i - 1]] = texts[i] end
    end
  end
end

-- A row that is not JSON counts as missing: the next observation writes it anew, and announces the tag.
local function getTag(repo, tag)
  local text = readRow(hashOf('t', repo), tag)
  if not text then return nil end
  local isList, row = pcall(cjson.decode, text)
  if not isList or type(row) ~= 'table' then return nil end
  -- The last member: rows of schema 1 have none, and end with a number.
  local sum = row[#row]
  return {
    digest = row[1], mediaType = row[2], size = row[3], present = row[4] == 1,
    asOf = row[5], firstSeenAt = row[6], updatedAt = row[7], sequence = row[8],
    sum = type(sum) == 'string' and sum or '',
    lookedAt = row[12] and row[9] or null, saidAt = row[12] and row[10] or null, saidBy = row[12] and row[11] or null,
  }
end

local function getManifest(repo, digest)
  local text = readRow(hashOf('m', repo), digest)
  if not text then return nil end
  local asOf, said, present, tags = string.match(text, '^(%-?%d+)(%S*) ([01])(.*)$')
  local saidAt, saidBy = string.match(said, '^,(%-?%d+),(.*)$')
  return {
    asOf = tonumber(asOf), present = present == '1', tags = tags,
    saidAt = saidAt and tonumber(saidAt) or null, saidBy = saidBy or null,
  }
end

local noted = {}

local function noteRepository(o)
  local repo = repositoryOf(o)
  if noted[repo] then return end
  noted[repo] = true
  redis.call('ZADD', REPOS, 0, o.registry .. ' ' .. o.repository)
end

local function putManifest(o, digest, row)
  local hasSaid = row.saidAt ~= nil and row.saidAt ~= null
  local said = hasSaid and ',' .. whole(row.saidAt) .. ',' .. row.saidBy or ''
  local text = whole(row.asOf) .. said .. ' ' .. (row.present and '1' or '0') .. row.tags
  local hash = hashOf('m', repositoryOf(o))
  if not readRow(hash, digest) then noteRepository(o) end
  writeRow(hash, digest, text)
end

-- Tags have no blanks (distribution-spec), so a string lists them: a set for each digest would cost more than the
-- rest of the row. A long list would make each new tag slower, so beyond this many it becomes '*', and the tags are
-- searched in the repository.
local maxLinked = 32

local function withTag(tags, tag)
  if tags == ' *' or string.find(tags .. ' ', ' ' .. tag .. ' ', 1, true) then return tags end
  local _, linked = string.gsub(tags, ' ', ' ')
  return linked >= maxLinked and ' *' or tags .. ' ' .. tag
end

-- Edits the row as a string: every change of a tag comes here, and decoding is slow. The tags begin after the first
-- blank and the digit of `present`.
local function unlink(o, digest, tag)
  local hash = hashOf('m', repositoryOf(o))
  local text = readRow(hash, digest)
  local blank = text and string.find(text, ' ', 1, true)
  local from, to = string.find(blank and text .. ' ' or '', ' ' .. tag .. ' ', (blank or 0) + 2, true)
  if from then writeRow(hash, digest, string.sub(text, 1, from - 1) .. string.sub(text, to)) end
end

-- `old`: the previous row, or nil.
local function putTag(o, tag, old, row)
  local repo = repositoryOf(o)
  local isHeard, remembered = row.saidAt ~= nil and row.saidAt ~= null, ','
  if isHeard or row.lookedAt ~= nil and row.lookedAt ~= null then
    remembered = ',' .. json(row.lookedAt) .. ',' .. json(row.saidAt) .. ',' .. json(row.saidBy) .. ','
  end
  local text = '[' .. json(row.digest) .. ',' .. json(row.mediaType) .. ',' .. json(row.size)
    .. (row.present and ',1,' or ',0,') .. json(row.asOf) .. ',' .. json(row.firstSeenAt) .. ','
    .. json(row.updatedAt) .. ',' .. json(row.sequence) .. remembered .. json(row.sum or '') .. ']'
  writeRow(hashOf('t', repo), tag, text)
  if not old then noteRepository(o) end
  local wasPresent = old ~= nil and old.present
  if row.present and not wasPresent then redis.call('ZADD', prefix .. 'p:' .. repo, 0, tag) end
  if wasPresent and not row.present then redis.call('ZREM', prefix .. 'p:' .. repo, tag) end
  if wasPresent and old.digest ~= null and old.digest ~= row.digest then unlink(o, old.digest, tag) end
end

local function presentTags(repo)
  return redis.call('ZRANGE', prefix .. 'p:' .. repo, 0, -1)
end

-- The present tags that point at the digest, sorted by name.
local function tagsAt(repo, digest, manifest)
  local tags = {}
  if manifest.tags == ' *' then
    for _, tag in ipairs(presentTags(repo)) do
      local row = getTag(repo, tag)
      if row and row.digest == digest then tags[#tags + 1] = tag end
    end
    return tags
  end
  for tag in string.gmatch(manifest.tags, '%S+') do tags[#tags + 1] = tag end
  table.sort(tags)
  return tags
end
