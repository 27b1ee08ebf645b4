-- The store of manifests by digest: a cache. After common.lua and guard.lua.
--
-- mf        hash digest -> JSON: { mediaType, size, children (null: none), platforms (null: not known) }
-- mb        hash digest -> bytes; field '': bytes in all
-- mu, mbu   zset digest -> turn at which it was asked for last: of all, and of those with bytes
-- mp        hash child -> "\n<digest of an index>\n…\n", the one kept last is last
-- mc:<digest>  name of the gateway that fetches it; expires
--
-- ARGV[1]  also has op, digest, and maxManifests, maxManifestsBytes, maxParents, maxDropped
--            get       ARGV[2] –        → JSON or nil; it counts as asked for
--            put       ARGV[2]: JSON, ARGV[3]: bytes or ''
--                                       → '1' if there is more to drop: call drop
--            drop                       → '1' if there is more to drop
--            parents                    → list of digests
--            claim     also has name and forMs → '1' if this gateway may fetch it
--            release   also has name

local FACTS, BYTES, TURNS = prefix .. 'mf', prefix .. 'mb', prefix .. 'mu'
local BYTE_TURNS, PARENTS = prefix .. 'mbu', prefix .. 'mp'

local function decode(text)
  local isObject, manifest = pcall(cjson.decode, text or '')
  return isObject and type(manifest) == 'table' and manifest or nil
end

local function childrenOf(manifest)
  return manifest and type(manifest.children) == 'table' and manifest.children or {}
end

local function claim(digest, name, forMs)
  return redis.call('SET', prefix .. 'mc:' .. digest, name, 'NX', 'PX', forMs) and '1' or '0'
end

local function release(digest, name)
  local key = prefix .. 'mc:' .. digest
  if redis.call('GET', key) == name then redis.call('DEL', key) end
end

local function touch(digest)
  local turn = tonumber(redis.call('ZRANGE', TURNS, -1, -1, 'WITHSCORES')[2] or 0) + 1
  redis.call('ZADD', TURNS, turn, digest)
  redis.call('ZADD', BYTE_TURNS, 'XX', turn, digest)
  return turn
end

local function keepBytes(digest, bytes, turn)
  local before = redis.call('HSTRLEN', BYTES, digest)
  redis.call('HSET', BYTES, digest, bytes)
  redis.call('HINCRBY', BYTES, '', #bytes - before)
  redis.call('ZADD', BYTE_TURNS, turn, digest)
end

local function dropBytes(digest)
  redis.call('HINCRBY', BYTES, '', -redis.call('HSTRLEN', BYTES, digest))
  redis.call('HDEL', BYTES, digest)
  redis.call('ZREM', BYTE_TURNS, digest)
end

local function without(list, digest)
  local from, to = string.find(list, '\n' .. digest .. '\n', 1, true)
  return from and string.sub(list, 1, from) .. string.sub(list, to + 1) or list
end

local function addParent(child, digest)
  local list = without(redis.call('HGET', PARENTS, child) or '\n', digest) .. digest .. '\n'
  local _, count = string.gsub(list, '[^\n]+', '')
  if count > call.maxParents then list = string.gsub(list, '^\n[^\n]+', '', 1) end
  redis.call('HSET', PARENTS, child, list)
end

local function forget(digest)
  local known = decode(redis.call('HGET', FACTS, digest))
  for _, child in ipairs(childrenOf(known)) do
    local list = without(redis.call('HGET', PARENTS, child) or '\n', digest)
    if list == '\n' then redis.call('HDEL', PARENTS, child) else redis.call('HSET', PARENTS, child, list) end
  end
  dropBytes(digest)
  redis.call('HDEL', FACTS, digest)
  redis.call('ZREM', TURNS, digest)
end

-- Drops what is beyond the bounds, those asked for longest ago first, at most maxDropped.
local function drop()
  for _ = 1, call.maxDropped do
    local tooLarge = tonumber(redis.call('HGET', BYTES, '') or 0) > call.maxManifestsBytes
    local oldest = tooLarge and redis.call('ZRANGE', BYTE_TURNS, 0, 0)[1]
    if oldest then
      dropBytes(oldest)
    elseif tooLarge then
      -- The order was lost, and with it what is kept.
      redis.call('UNLINK', BYTES)
    elseif redis.call('ZCARD', TURNS) > call.maxManifests then
      forget(redis.call('ZRANGE', TURNS, 0, 0)[1])
    else
      return '0'
    end
  end
  return '1'
end

local function put(digest, manifest, bytes)
  local known = decode(redis.call('HGET', FACTS, digest))
  -- null instead of an empty list: Lua would write that as {}.
  if known and manifest.children == null then manifest.children = known.children or null end
  if known and manifest.platforms == null then manifest.platforms = known.platforms or null end
  redis.call('HSET', FACTS, digest, cjson.encode(manifest))
  local turn = touch(digest)
  if bytes ~= '' then keepBytes(digest, bytes, turn) end
  for _, child in ipairs(childrenOf(manifest)) do addParent(child, digest) end
  return drop()
end

if call.op == 'parents' then
  local parents = {}
  for digest in string.gmatch(redis.call('HGET', PARENTS, call.digest) or '', '[^\n]+') do
    parents[#parents + 1] = digest
  end
  return parents
end
if call.op == 'claim' then return claim(call.digest, call.name, call.forMs) end
if call.op == 'release' then return release(call.digest, call.name) end
if call.op == 'drop' then return drop() end
if call.op == 'put' then return put(call.digest, cjson.decode(ARGV[2]), ARGV[3]) end
local text = redis.call('HGET', FACTS, call.digest)
if text then touch(call.digest) end
return text
