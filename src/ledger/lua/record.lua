-- Compares observations with the index, in order, and appends what changed. The rules are the table at the head
-- of decide.ts; this restates them. After common.lua, admit.lua, deliveries.lua, index.lua and snapshot.lua.
--
-- ARGV[2]  JSON: list of calls { o: observations, of tags with `sum` of their digest, s: ids of pending observations
--          that they settle }
-- Returns  { epoch, floor, head before, began, one text of outcome letters for each call ('-': its pending ids
--          were gone, so nothing was done), number of changes of each call joined by blanks, JSON of all changes }

local recordedAt = math.max(now, meta.recordedAt)
-- WAIT counts the replicas that have this connection's last write: a repeated delivery has to be one too.
if call.touch then redis.call('HSET', META, 'touched', whole(now)) end
local headBefore = meta.head
local encoded = {}
-- Repository -> sequence of its newest change, written to LAST all at once.
local newest = {}
-- The repository under way, to say whose key stopped the script.
local current = nil

-- `previousSum`: of the previous digest, as its row had it.
local function append(kind, o, t, tag, digest, previous, mediaType, size, previousSum)
  local said = o.occurredAt
  local occurredAt = said ~= nil and said ~= null and math.floor(math.min(said, now)) or t
  local text = cjson.encode({
    recordedAt, kind, o.registry, o.repository, tag, digest, previous, mediaType, size, occurredAt,
    o.origin, previousSum or '',
  })
  local sequence = whole(meta.head + 1)
  redis.call('XADD', LOG, sequence .. '-0', 'c', text, 's', sumOf(text))
  -- Not before it is stored: a number that nothing has would be a hole.
  meta.head = meta.head + 1
  newest[repositoryOf(o)] = sequence
  encoded[#encoded + 1] = text
end

local function judgeTag(row, o, t)
  if not row then return o.silent == true and 'filled' or 'tag.created' end
  if not row.present then return t < row.asOf and 'stale' or 'tag.created' end
  if o.digest == null and t > row.asOf then return 'tag.updated' end
  if o.digest == row.digest then return 'unchanged' end
  if t < row.asOf then return 'stale' end
  if o.digest == null then return 'unchanged' end
  return row.digest == null and 'filled' or 'tag.updated'
end

local function recordTag(o, t)
  local repo = repositoryOf(o)
  local row = getTag(repo, o.tag)
  local manifest = o.digest ~= null and getManifest(repo, o.digest) or nil
  if manifest and not manifest.present and t < manifest.asOf then return 's' end
  local verdict = judgeTag(row, o, t)
  if verdict == 'stale' then return 's' end
  if o.digest ~= null then seeManifest(o, o.digest, manifest, t, o.tag) end
  if verdict == 'unchanged' then
    if t > row.asOf then
      local seen = { digest = row.digest, mediaType = row.mediaType, size = row.size, present = true, asOf = t,
        firstSeenAt = row.firstSeenAt, updatedAt = row.updatedAt, sequence = row.sequence, sum = row.sum }
      putTag(o, o.tag, row, seen)
    end
    return 'u'
  end
  local target = { digest = o.digest, mediaType = o.mediaType, size = o.size, present = true, asOf = t,
    sum = o.sum }
  if verdict == 'filled' then
    local known = row or { firstSeenAt = t, updatedAt = t, sequence = 0 }
    target.firstSeenAt, target.updatedAt, target.sequence = known.firstSeenAt, known.updatedAt, known.sequence
    putTag(o, o.tag, row, target)
    return 'f'
  end
  append(verdict, o, t, o.tag, o.digest, row and row.digest or null, o.mediaType, o.size, row and row.sum)
  target.firstSeenAt = verdict == 'tag.updated' and row.firstSeenAt or t
  target.updatedAt, target.sequence = t, meta.head
  putTag(o, o.tag, row, target)
  return 'c'
end

local function deleteTag(o, tag, row, t)
  append('tag.deleted', o, t, tag, null, row.digest, null, null, row.sum)
  putTag(o, tag, row, { digest = null, mediaType = null, size = null, present = false, asOf = t,
    firstSeenAt = row.firstSeenAt, updatedAt = t, sequence = meta.head })
end

local function recordTagGone(o, t)
  local row = getTag(repositoryOf(o), o.tag)
  if not row then return 'n' end
  if t < row.asOf then return 's' end
  if row.present then
    deleteTag(o, o.tag, row, t)
    return 'c'
  end
  row.asOf = t
  putTag(o, o.tag, row, row)
  return 'u'
end

local function recordManifest(o, t)
  local row = getManifest(repositoryOf(o), o.digest)
  if row and not row.present and t < row.asOf then return 's' end
  seeManifest(o, o.digest, row, t, nil)
  if row and row.present then return 'u' end
  append('manifest.pushed', o, t, null, o.digest, null, o.mediaType, o.size)
  return 'c'
end

local function recordManifestGone(o, t)
  local repo = repositoryOf(o)
  local row = getManifest(repo, o.digest)
  if not row then return 'n' end
  if t < row.asOf then return 's' end
  if row.present then
    for _, tag in ipairs(tagsAt(repo, o.digest, row)) do
      local tagRow = getTag(repo, tag)
      if tagRow and tagRow.asOf <= t then deleteTag(o, tag, tagRow, t) end
    end
    append('manifest.deleted', o, t, null, o.digest, null, null, null)
  end
  local left = getManifest(repo, o.digest)
  putManifest(o, o.digest, { asOf = t, present = false, tags = left.tags })
  return row.present and 'c' or 'u'
end

local function recordRepositoryGone(o, t)
  local repo = repositoryOf(o)
  local outcome = 'n'
  for _, tag in ipairs(presentTags(repo)) do
    local row = getTag(repo, tag)
    if row and row.asOf <= t then
      deleteTag(o, tag, row, t)
      outcome = 'c'
    end
  end
  local manifests = redis.call('HGETALL', prefix .. 'm:' .. repo)
  for i = 1, #manifests, 2 do
    if tonumber(string.match(manifests[i + 1], '^%-?%d+')) <= t then
      redis.call('HDEL', prefix .. 'm:' .. repo, manifests[i])
    end
  end
  return outcome
end

local function recordBaseline(o)
  local repo = repositoryOf(o)
  local text = redis.call('HGET', SCOPES, repo)
  local scopes = text and cjson.decode(text) or {}
  for _, scope in ipairs(scopes) do
    if scope == o.scope then return 'u' end
  end
  scopes[#scopes + 1] = o.scope
  if #scopes > call.maxScopesPerRepository then table.remove(scopes, 1) end
  redis.call('HSET', SCOPES, repo, cjson.encode(scopes))
  return 'f'
end

local recorders = {
  ['tag'] = recordTag,
  ['tag-gone'] = recordTagGone,
  ['manifest'] = recordManifest,
  ['manifest-gone'] = recordManifestGone,
  ['repository-gone'] = recordRepositoryGone,
  ['baseline'] = recordBaseline,
}

local function recordOne(o)
  local key = o.dedupeKey
  local hasKey = key ~= nil and key ~= null
  if hasKey and isDuplicate(key, o.dedupeWindowMs) then return 'd' end
  current = repositoryOf(o)
  if isExporting() then keepForExport(current) end
  local outcome = recorders[o.kind](o, math.floor(math.min(o.observedAt, now)))
  if hasKey then remember(key) end
  return outcome
end

local function arePending(ids)
  for _, id in ipairs(ids) do
    if redis.call('HEXISTS', PENDING, id) == 0 then return false end
  end
  return true
end

local function settle(ids)
  for _, id in ipairs(ids) do
    redis.call('HDEL', PENDING, id)
    redis.call('ZREM', DUE, id)
  end
end

local outcomes, counts = {}, {}

local function recordAll()
  for i, one in ipairs(cjson.decode(ARGV[2])) do
    local before = meta.head
    local letters = {}
    if arePending(one.s) then
      for j, o in ipairs(one.o) do letters[j] = recordOne(o) end
      -- Last: where the script stops before, they are still there to be tried again.
      settle(one.s)
    else
      letters[1] = '-'
    end
    outcomes[i] = table.concat(letters)
    counts[i] = whole(meta.head - before)
  end
end

local function noteNewest()
  local flat = {}
  for repo, sequence in pairs(newest) do
    flat[#flat + 1], flat[#flat + 2] = repo, sequence
    if #flat == 1000 then
      redis.call('HSET', LAST, unpack(flat))
      flat = {}
    end
  end
  if #flat > 0 then redis.call('HSET', LAST, unpack(flat)) end
end

-- Redis does not undo what a failed script wrote. Whatever fails, the head must stay what the stream says, or
-- every later script would try to append a number that is taken.
local fine, failure = pcall(recordAll)
if fine then fine, failure = pcall(noteNewest) else pcall(noteNewest) end

local changes = '[' .. table.concat(encoded, ',') .. ']'
if meta.head > headBefore then
  redis.call('HSET', META, 'head', whole(meta.head), 'recordedAt', whole(recordedAt))
  -- pcall: what is stored is stored, whether or not it could be told; a silent channel is noticed anyway.
  -- A very long list is not sent to every gateway twice: they are told where it begins, and read the stream.
  local tooMany = #encoded > call.maxPublished
  local heading = meta.epoch .. ' ' .. whole(headBefore + 1) .. ' ' .. whole(#encoded) .. '\n'
  redis.pcall('SPUBLISH', call.channel, tooMany and heading or heading .. changes)
end
if not fine then
  local kinds = { t = 'hash', p = 'zset', m = 'hash' }
  for part, kind in pairs(current and kinds or {}) do
    local foreign = foreignKey(prefix .. part .. ':' .. current, kind)
    if foreign then return redis.error_reply('BROKEN ' .. foreign) end
  end
  return redis.error_reply('BROKEN ' .. (type(failure) == 'table' and failure.err or tostring(failure)))
end
return {
  meta.epoch, whole(meta.floor), whole(headBefore), whole(meta.began),
  outcomes, table.concat(counts, ' '), changes,
}
