-- Compares observations with the index, in order, and appends what changed. The rules are the table in decide.ts.
-- After keys.lua, admit.lua, clock.lua, deliveries.lua, index.lua, weigh.lua, pending.lua and snapshot.lua.
--
-- ARGV[1]  also has maxPending
-- ARGV[2]  JSON: list of calls { o: observations, of tags with `sum` of their digest, s: ids of pending observations
--          that they settle }
-- Returns  { epoch, floor, head before, began, one string of outcome letters per call ('-': its pending ids were gone,
--          so it did nothing), number of changes of each call joined by blanks, JSON of all changes }

local recordedAt = math.max(wall, meta.recordedAt)
-- WAIT counts the replicas that have this connection's last write, so a duplicate must write too.
if call.touch then redis.call('HSET', META, 'touched', whole(now)) end
local headBefore = meta.head
local encoded = {}
-- Repository -> sequence of its newest change.
local newest = newHash(LAST)
-- The current repository, to report whose key stopped the script.
local current = nil

-- `previousSum`: the sum of the previous digest, from its row.
local function append(kind, o, tag, digest, previous, mediaType, size, previousSum)
  local said = o.occurredAt
  local occurredAt = said ~= nil and said ~= null and math.floor(math.min(said, wall)) or happenedAt(o)
  local text = '[' .. json(recordedAt) .. ',"' .. kind .. '",' .. json(o.registry) .. ',' .. json(o.repository) .. ','
    .. json(tag) .. ',' .. json(digest) .. ',' .. json(previous) .. ',' .. json(mediaType) .. ',' .. json(size) .. ','
    .. json(occurredAt) .. ',' .. json(o.origin) .. ',' .. json(previousSum or '') .. ']'
  local sequence = whole(meta.head + 1)
  redis.call('XADD', LOG, sequence .. '-0', 'c', text, 's', sumOf(text))
  -- Only once it is stored: a number without a change would be a hole.
  meta.head = meta.head + 1
  writeRow(newest, repositoryOf(o), sequence)
  encoded[#encoded + 1] = text
end

-- Notes that the digest was there, and that `tag` (nil: none) points at it. Not in index.lua: import.lua uses that
-- without observations.
local function seeManifest(o, digest, known, tag)
  local row = remembering({
    present = true, tags = known and known.tags or '', asOf = nil, lookedAt = nil, saidAt = nil, saidBy = nil,
  }, o, known)
  if tag then row.tags = withTag(row.tags, tag) end
  local isSame = known and known.present and known.asOf == row.asOf and known.tags == row.tags
    and known.saidAt == row.saidAt and known.saidBy == row.saidBy
  if not isSame then putManifest(o, digest, row) end
end

-- Keeps the observation for a look; false if there is no room.
local function waitForLook(o, kind, tag)
  if waiting() >= call.maxPending then return false end
  keepPending(cjson.encode({
    kind = kind, registry = o.registry, repository = o.repository, tag = tag, origin = o.origin, saidAt = o.saidAt,
    occurredAt = o.occurredAt, digest = o.digest, mediaType = o.mediaType, size = o.size, dedupeKey = null,
  }))
  return true
end

local function isOfEqualTime(row, o)
  if given(o.saidAt) and row.saidBy == o.origin then return o.saidAt == row.saidAt end
  return stampOf(o) <= row.asOf
end

local function judgeTag(row, o)
  if not row then return o.silent == true and 'filled' or 'tag.created' end
  local weight = weigh(o, row)
  local refusal = weight == 'unsure' and 'waiting' or weight == 'older' and 'stale' or nil
  if not row.present then return refusal or 'tag.created' end
  if o.digest == null and not refusal and not isOfEqualTime(row, o) then return 'tag.updated' end
  if o.digest == row.digest then return 'unchanged' end
  if refusal then return refusal end
  if o.digest == null then return 'unchanged' end
  return row.digest == null and 'filled' or 'tag.updated'
end

local function recordTag(o)
  local repo = repositoryOf(o)
  local row = getTag(repo, o.tag)
  local manifest = o.digest ~= null and getManifest(repo, o.digest) or nil
  if manifest and not manifest.present and weigh(o, manifest) == 'older' then return 's' end
  local verdict = judgeTag(row, o)
  if verdict == 'stale' then return 's' end
  if verdict == 'waiting' then
    if waitForLook(o, 'tag', o.tag) then return 'w' end
    o.keptAt = now
    return recordTag(o)
  end
  if o.digest ~= null then seeManifest(o, o.digest, manifest, o.tag) end
  -- With a place for each member: a table that has to grow is made anew.
  local seen = remembering({
    digest = o.digest, mediaType = o.mediaType, size = o.size, sum = o.sum, present = true, asOf = nil, lookedAt = nil,
    saidAt = nil, saidBy = nil, firstSeenAt = nil, updatedAt = nil, sequence = nil,
  }, o, row)
  if verdict == 'unchanged' then
    seen.digest, seen.mediaType, seen.size, seen.sum = row.digest, row.mediaType, row.size, row.sum
  end
  local t = happenedAt(o)
  local isChange = verdict == 'tag.created' or verdict == 'tag.updated'
  if isChange then append(verdict, o, o.tag, o.digest, row and row.digest, o.mediaType, o.size, row and row.sum) end
  seen.firstSeenAt = row and verdict ~= 'tag.created' and row.firstSeenAt or t
  seen.updatedAt = not isChange and row and row.updatedAt or t
  seen.sequence = isChange and meta.head or row and row.sequence or 0
  putTag(o, o.tag, row, seen)
  return isChange and 'c' or verdict == 'filled' and 'f' or 'u'
end

local function deleteTag(o, tag, row)
  append('tag.deleted', o, tag, null, row.digest, null, null, row.sum)
  putTag(o, tag, row, remembering({ digest = null, mediaType = null, size = null, present = false,
    firstSeenAt = row.firstSeenAt, updatedAt = happenedAt(o), sequence = meta.head }, o, row))
end

local function recordTagGone(o)
  local row = getTag(repositoryOf(o), o.tag)
  if not row then return 'n' end
  local weight = weigh(o, row)
  if weight == 'older' then return 's' end
  if not row.present then
    putTag(o, o.tag, row, remembering({ digest = null, mediaType = null, size = null, present = false,
      firstSeenAt = row.firstSeenAt, updatedAt = row.updatedAt, sequence = row.sequence }, o, row))
    return 'u'
  end
  if weight == 'unsure' and waitForLook(o, 'tag-gone', o.tag) then return 'w' end
  deleteTag(o, o.tag, row)
  return 'c'
end

local function recordManifest(o)
  local row = getManifest(repositoryOf(o), o.digest)
  if row and not row.present and weigh(o, row) == 'older' then return 's' end
  seeManifest(o, o.digest, row, nil)
  if row and row.present then return 'u' end
  append('manifest.pushed', o, null, o.digest, null, o.mediaType, o.size)
  return 'c'
end

-- Deletes those of the tags that are not newer; those it is unsure of get a look. Without room for all of these, it
-- believes the deletion. Returns how many of each.
local function endTags(o, repo, tags)
  local weights, unsure = {}, 0
  for i, tag in ipairs(tags) do
    weights[i] = weigh(o, getTag(repo, tag))
    if weights[i] == 'unsure' then unsure = unsure + 1 end
  end
  if unsure > 0 and waiting() + unsure > call.maxPending then
    o.keptAt = now
    return endTags(o, repo, tags)
  end
  local ended = 0
  for i, tag in ipairs(tags) do
    if weights[i] == 'newer' then
      deleteTag(o, tag, getTag(repo, tag))
      ended = ended + 1
    elseif weights[i] == 'unsure' then
      waitForLook({ registry = o.registry, repository = o.repository, origin = o.origin, saidAt = o.saidAt,
        occurredAt = o.occurredAt }, 'tag-gone', tag)
    end
  end
  return ended, unsure
end

local function recordManifestGone(o)
  local repo = repositoryOf(o)
  local row = getManifest(repo, o.digest)
  if not row then return 'n' end
  if weigh(o, row) == 'older' then return 's' end
  if row.present then
    local ended, unsure = endTags(o, repo, tagsAt(repo, o.digest, row))
    if unsure > 0 then return ended > 0 and 'c' or 'w' end
    append('manifest.deleted', o, null, o.digest, null, null, null)
  end
  local left = getManifest(repo, o.digest)
  putManifest(o, o.digest, remembering({ present = false, tags = left.tags }, o, row))
  return row.present and 'c' or 'u'
end

local function recordRepositoryGone(o)
  local repo = repositoryOf(o)
  local ended, unsure = endTags(o, repo, presentTags(repo))
  local saidAt = given(o.saidAt)
  local upTo = saidAt and latestBinding(saidAt)
  writeRows()
  local manifests = hashOf('m', repo)
  for _, digest in ipairs(redis.call('HKEYS', manifests.key)) do
    local row = getManifest(repo, digest)
    local isSpared = saidAt and row.saidBy == o.origin and row.saidAt > saidAt and row.saidAt <= upTo
    -- A tag that stays still needs its digest: only this row tells which tags point at it.
    if not isSpared and row.tags == '' then
      redis.call('HDEL', manifests.key, digest)
      manifests.known[digest] = false
    end
  end
  return ended > 0 and 'c' or unsure > 0 and 'w' or 'n'
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
  local outcome = recorders[o.kind](o)
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
local calls = cjson.decode(ARGV[2])

-- Reads the rows that the observations of tags need: of the tags, and of the digests that they had and get.
local function readAllAhead()
  local function want(part, repo, field)
    local wanted = hashOf(part, repo).wanted
    wanted[#wanted + 1] = field
  end
  for _, one in ipairs(calls) do
    for _, o in ipairs(one.o) do
      local isTag = o.kind == 'tag'
      if isTag then want('t', repositoryOf(o), o.tag) end
      if isTag and o.digest ~= null then want('m', repositoryOf(o), o.digest) end
    end
  end
  readAhead('t')
  for repo, hash in pairs(hashes.t) do
    for _, text in pairs(hash.known) do
      local previous = text and string.match(text, '^%["([^"]+)"')
      if previous then want('m', repo, previous) end
    end
  end
  readAhead('m')
end

local function recordAll()
  readAllAhead()
  for i, one in ipairs(calls) do
    local before = meta.head
    local letters = {}
    if arePending(one.s) then
      for j, o in ipairs(one.o) do letters[j] = recordOne(o) end
      -- Last: if the script stops before, they are still there to be tried again.
      settle(one.s)
    else
      letters[1] = '-'
    end
    outcomes[i] = table.concat(letters)
    counts[i] = whole(meta.head - before)
  end
end

-- Redis does not undo the writes of a failed script. Whatever fails, the head must match the stream: otherwise every
-- later script would append a number that is taken.
local fine, failure = pcall(recordAll)
if fine then fine, failure = pcall(writeRows) else pcall(writeRows) end

local changes = '[' .. table.concat(encoded, ',') .. ']'
if meta.head == headBefore then
  noteClock()
else
  redis.call('HSET', META, 'head', whole(meta.head), 'recordedAt', whole(recordedAt),
    'stampedAt', whole(now))
  -- pcall: what is stored stays stored even if publishing fails; gateways notice a silent channel. A very long list
  -- is not sent to every gateway: they learn where it begins, and read the stream.
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
