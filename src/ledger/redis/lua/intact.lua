-- Whether the ledger's keys are still what the ledger left there. After keys.lua, for admit.lua.
--
-- Another program may overwrite a key, Redis may evict one, an operator may delete or restore one. Each case is found
-- before a script writes. A key of another type is refused by name. A lost key makes the positions that needed it
-- unusable. No position is given out twice, and no reader skips what is missing.

-- Far below 2^53, the limit of exact numbers. Another program's XADD may set a higher id.
local maxHead = 2 ^ 52

local function sequenceOf(id)
  return tonumber(string.match(id, '^%d+'))
end

local function foreignKey(key, wanted)
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' or kind == wanted then return nil end
  return 'FOREIGN ' .. key .. ' ' .. kind .. ' ' .. wanted
end

-- Of more than 64 bytes, so that Redis keeps a table: it would pack the short values of up to 512 repositories into a
-- list, and read through half of it at each change.
local tableMark = string.rep('-', 65)

-- The field '' marks each of these hashes as ours: where it is missing, the key was lost.
local function markHashes()
  redis.call('HSET', AT, '', '')
  redis.call('HSET', ORDERED, '', '')
  redis.call('HSET', LAST, '', tableMark)
end

-- Nil if the hash is missing or holds something else.
local function readMeta(found)
  local epoch, head, floor = found[2], tonumber(found[3]), tonumber(found[4])
  if not epoch or #epoch > 32 or not string.find(epoch, '^[0-9a-z]+$') then return nil end
  if not head or not floor or floor < 0 or floor > head or head > maxHead then return nil end
  if head % 1 ~= 0 or floor % 1 ~= 0 then return nil end
  return {
    epoch = epoch, head = head, floor = floor, began = tonumber(found[5]) or head,
    recordedAt = tonumber(found[6]) or 0, run = found[7], replid = found[8],
    exportUntil = tonumber(found[9]) or 0, migrating = found[13],
  }
end

-- The quick check: do the two keys exist that every read needs?
local function seemsLost(meta)
  return meta.floor < meta.head and redis.call('EXISTS', LOG, LAST) < 2
end

local function raiseFloor(meta, floor)
  if floor <= meta.floor then return end
  meta.floor = floor
  -- lost: positions below it were cut off by a loss, not by retention.
  redis.call('HSET', META, 'floor', whole(floor), 'lost', whole(floor))
end

-- The thorough check of every key that all repositories share. `meta`: nil if it is lost. Returns meta, the reason
-- for a new epoch or nil, and a refusal or nil. Its functions are nested: most scripts do not come here, and making a
-- function costs time.
local function inspect(meta)
  local kinds = {
    [prefix .. 'targets'] = 'hash',
    [LOG] = 'stream', [REPOS] = 'zset', [LAST] = 'hash', [SCOPES] = 'hash', [DELIVERIES] = 'zset',
    [PENDING] = 'hash', [DUE] = 'zset', [prefix .. 'turns'] = 'zset', [prefix .. 'turn'] = 'hash',
    [prefix .. 'ready'] = 'zset', [AT] = 'hash', [MOVED] = 'zset', [ORDERED] = 'hash',
    [LISTED] = 'hash',
  }
  for key, kind in pairs(kinds) do
    local refusal = foreignKey(key, kind)
    if refusal then return nil, nil, refusal end
  end

  local first, last = 0, 0
  local info = redis.pcall('XINFO', 'STREAM', LOG)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last = sequenceOf(info[i + 1]) end
    if info[i] == 'recorded-first-entry-id' then first = sequenceOf(info[i + 1]) end
  end

  -- Begins after all that the stream ever numbered.
  local function beginAfterStream()
    local reason = 'the ledger is new'
    if redis.call('EXISTS', META, LOG, REPOS, LAST) > 0 then reason = 'Redis lost or damaged the key ' .. META end
    if last > maxHead then
      redis.call('DEL', LOG)
      last = 0
    end
    local recordedAt = last > 0 and recordedAtOf(last) or 0
    redis.call('HSET', META, 'recordedAt', whole(recordedAt))
    return {
      head = last, floor = last, recordedAt = recordedAt, run = false, replid = false, exportUntil = 0, migrating = false,
    }, reason
  end

  -- `repos` names every repository of a snapshot; `last` knows those that ever had a change.
  local function restoreRepositories()
    if redis.call('EXISTS', REPOS) == 1 then return end
    for _, repo in ipairs(redis.call('HKEYS', LAST)) do
      if repo ~= '' then redis.call('ZADD', REPOS, 0, (string.gsub(repo, '/', ' ', 1))) end
    end
  end

  -- They are made anew from the rows of tags.
  local function restoreIndex()
    local isLost = redis.call('HEXISTS', AT, '') == 0 or redis.call('HEXISTS', ORDERED, '') == 0
      or redis.call('HLEN', AT) > 1 and redis.call('EXISTS', MOVED) == 0
    if not isLost or meta.migrating or redis.call('EXISTS', REPOS) == 0 then return end
    meta.migrating = 'index'
    redis.call('HSET', META, 'migrating', 'index')
    redis.call('HDEL', META, 'migrated')
  end

  if not meta then return beginAfterStream() end
  restoreRepositories()
  restoreIndex()
  if last > meta.head then
    local reason = 'Redis lost changes: the stream is at ' .. whole(last) .. ', its counter at ' .. whole(meta.head)
    if last > maxHead then redis.call('DEL', LOG) else meta.head = last end
    meta.floor = meta.head
    return meta, reason
  end
  if meta.floor == meta.head then return meta end
  -- Without `last`, a read of some repositories would skip their changes.
  if last < meta.head or redis.call('EXISTS', LAST) == 0 then
    raiseFloor(meta, meta.head)
  elseif first > meta.floor + 1 then
    raiseFloor(meta, first - 1)
  end
  return meta
end
