-- Rows as a script knows them: read ahead, and written all at once by writeRows (orders.lua). A command for each row
-- would cost a third of a commit. After keys.lua, for record.lua, import.lua and migrate.lua.

-- `known`: field -> text, or false if there is none.
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

-- `text`: false to drop the row.
local function writeRow(hash, field, text)
  hash.known[field], hash.changed[field] = text, text
end

-- Lua's stack bounds the arguments of one command. Even, because fields and values come in pairs.
local maxArguments = 1000

local function writeHash(hash)
  local flat, gone = {}, {}
  for field, text in pairs(hash.changed) do
    if text then flat[#flat + 1], flat[#flat + 2] = field, text else gone[#gone + 1] = field end
  end
  hash.changed = {}
  for from = 1, #flat, maxArguments do
    redis.call('HSET', hash.key, unpack(flat, from, math.min(from + maxArguments - 1, #flat)))
  end
  for from = 1, #gone, maxArguments do
    redis.call('HDEL', hash.key, unpack(gone, from, math.min(from + maxArguments - 1, #gone)))
  end
end

-- Reads the rows that are wanted. A key of another type is reported when its row is used.
local function readAhead(hash)
  for from = 1, #hash.wanted, maxArguments do
    local to = math.min(from + maxArguments - 1, #hash.wanted)
    local texts = redis.pcall('HMGET', hash.key, unpack(hash.wanted, from, to))
    for i = 1, #texts do hash.known[hash.wanted[from + i - 1]] = texts[i] end
  end
end

-- The field l of a change that is moved or imported; `newest`: a hash with the newest change so far of each tag (null:
-- none) and repository.
local function linksOf(newest, repo, tag, sequence)
  local links = '0'
  if tag ~= null then
    local name = repo .. ':' .. tag
    links = readRow(newest, name) or '0'
    writeRow(newest, name, sequence)
  end
  links = links .. ' ' .. (readRow(newest, repo) or '0')
  writeRow(newest, repo, sequence)
  return links
end
