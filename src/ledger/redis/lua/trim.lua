-- One bounded step of retention: changes, delivery keys, and old rows of the index. After keys.lua, admit.lua,
-- clock.lua, tagged.lua and snapshot.lua.
--
-- ARGV[1]  also has maxChanges, maxAgeMs, hasStood (whether the server's time has stood long enough to drop by age),
--          maxTrimmed (entries), sweep ('' to begin, else as last returned)
-- Returns  { epoch, floor, head, '1' if there is more to drop, sweep for the next step or '' when done }
--
-- The sweep walks the repositories by name, and the rows of each by HSCAN, about `maxTrimmed` rows a step. It drops
-- tombstones, untagged digests and list marks older than maxAgeMs. A tombstone stays as long as a change of its tag:
-- the history begins at the row.

-- Stamps before the result are older than call.maxAgeMs; nil if that is unknown.
local function oldestStamp()
  local before = now - call.maxAgeMs
  if clock.steppedAt > 0 and clock.steppedAt >= before then return nil end
  return before
end

local before = call.hasStood and oldestStamp() or nil

-- An export reads what would be dropped, so wait until it or its lease ends. Then drop first what it left behind.
if isExporting() then return { meta.epoch, whole(meta.floor), whole(meta.head), '0', '' } end
if meta.exportUntil > 0 and not dropSnapshot(1000) then
  return { meta.epoch, whole(meta.floor), whole(meta.head), '1', call.sweep }
end

local oldest = call.hasStood and seek(wall - call.maxAgeMs, meta.floor, meta.head) or meta.floor
local floor = math.max(meta.floor, meta.head - call.maxChanges, oldest)
if floor > meta.floor then redis.call('HSET', META, 'floor', whole(floor)) end

-- "~": whole nodes only, which is cheap. Entries that remain below the floor are never read.
local dropped = redis.call('XTRIM', LOG, 'MINID', '~', whole(floor + 1) .. '-0', 'LIMIT', call.maxTrimmed)
if not before then
  return { meta.epoch, whole(floor), whole(meta.head), dropped > 0 and '1' or '0', '' }
end
local keysBefore = whole(before * 1000)
local oldKeys = redis.call('ZRANGE', DELIVERIES, '-inf', '(' .. keysBefore, 'BYSCORE', 'LIMIT', 0, 1000)
if #oldKeys > 0 then redis.call('ZREM', DELIVERIES, unpack(oldKeys)) end

local visited = 0

local function isOldTag(text)
  local row = cjson.decode(text)
  return row[4] == 0 and row[5] < before and row[8] <= floor
end

local function isOldManifest(text, digest, member)
  local asOf, present = string.match(text, '^(%-?%d+)%S* ([01])')
  if tonumber(asOf) >= before then return false end
  return present == '0' or #tagsIn(member, digest, redis.call('HGET', AT, digest), 1) == 0
end

local function sweepHash(key, cursor, isOld, member)
  repeat
    local reply = redis.call('HSCAN', key, cursor, 'COUNT', 500)
    cursor = reply[1]
    for i = 1, #reply[2], 2 do
      visited = visited + 1
      if isOld(reply[2][i + 1], reply[2][i], member) then redis.call('HDEL', key, reply[2][i]) end
    end
  until cursor == '0' or visited >= call.maxTrimmed
  return cursor
end

local function forgetIfEmpty(member, repo)
  local marks = redis.call('HGET', LISTED, repo)
  if marks and (tonumber(string.match(marks, '(%-?%d+)$')) or 0) >= before then return end
  if marks then redis.call('HDEL', LISTED, repo) end
  if redis.call('EXISTS', prefix .. 't:' .. repo, prefix .. 'm:' .. repo) > 0 then return end
  redis.call('ZREM', REPOS, member)
  redis.call('HDEL', ORDERED, repo)
  local last = redis.call('HGET', LAST, repo)
  if last and tonumber(last) <= floor then redis.call('HDEL', LAST, repo) end
end

-- `state`: "t 0 registry repository", which is the hash, the cursor and the repository.
local function sweepFrom(state)
  local part, cursor, member = string.match(state, '^([tm]) (%d+) (.+)$')
  while visited < call.maxTrimmed do
    if not member then
      member = redis.call('ZRANGE', REPOS, part or '-', '+', 'BYLEX', 'LIMIT', 0, 1)[1]
      if not member then return '' end
      part, cursor = 't', '0'
    end
    local repo = string.gsub(member, ' ', '/', 1)
    cursor = sweepHash(prefix .. part .. ':' .. repo, cursor, part == 't' and isOldTag or isOldManifest, member)
    visited = visited + 1
    if cursor == '0' then
      if part == 't' then
        part = 'm'
      else
        forgetIfEmpty(member, repo)
        part, member = '(' .. member, nil
      end
    end
  end
  if not member then
    member = redis.call('ZRANGE', REPOS, part, '+', 'BYLEX', 'LIMIT', 0, 1)[1]
    if not member then return '' end
    part, cursor = 't', '0'
  end
  return part .. ' ' .. cursor .. ' ' .. member
end

local sweep = sweepFrom(call.sweep)
local more = (dropped > 0 or #oldKeys == 1000 or sweep ~= '') and '1' or '0'
return { meta.epoch, whole(floor), whole(meta.head), more, sweep }
