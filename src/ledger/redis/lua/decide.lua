-- What an observation changes: decide.ts, restated; the rules are the table there. After keys.lua, admit.lua, clock.lua,
-- rows.lua, orders.lua, tagged.lua, index.lua, weigh.lua, pending.lua and turns.lua, for record.lua.
--
-- ARGV[1]  also has maxPending and maxScopesPerRepository

local recordedAt = math.max(wall, meta.recordedAt)
local encoded = {}
-- Repository -> sequence of its newest change.
local newest = newHash(LAST)

-- `row`: the previous one of the tag, if any. `platforms`, and the moved ones, as JSON; nil: nobody asked.
local function append(kind, o, tag, digest, mediaType, size, row, platforms, moved)
  local said = o.occurredAt
  local occurredAt = said ~= nil and said ~= null and math.floor(math.min(said, wall)) or happenedAt(o)
  local registry, repository, origin, previous = o.registry, o.repository, o.origin, row and row.digest
  local w = written
  local text = '[' .. (w[recordedAt] or json(recordedAt)) .. ',"' .. kind .. '",' .. (w[registry] or json(registry)) .. ','
    .. (w[repository] or json(repository)) .. ',' .. (w[tag] or json(tag)) .. ',' .. (w[digest] or json(digest)) .. ','
    .. (w[previous] or json(previous)) .. ',' .. (w[mediaType] or json(mediaType)) .. ',' .. (w[size] or json(size))
    .. ',' .. (w[occurredAt] or json(occurredAt)) .. ',' .. (w[origin] or json(origin)) .. ','
    .. json(row and row.sum or '')
  if platforms then text = text .. ',' .. json(platforms) end
  if moved then text = text .. ',' .. json(moved) end
  text = text .. ']'
  local sequence, repo = whole(meta.head + 1), repositoryOf(o)
  -- The changes before it: of the tag, and of the repository.
  local links = (row and json(row.sequence) or '0') .. ' ' .. (readRow(newest, repo) or '0')
  redis.call('XADD', LOG, sequence .. '-0', 'c', text, 's', sumOf(text), 'l', links)
  -- Only once it is stored: a number without a change would be a hole.
  meta.head = meta.head + 1
  writeRow(newest, repo, sequence)
  encoded[#encoded + 1] = text
end

-- What is known of media type and size, in the observation or else before it.
local function either(said, known)
  if said ~= nil and said ~= null then return said end
  return known ~= nil and known or null
end

-- Notes that the digest was there. Not in index.lua: import.lua uses that without observations.
local function seeManifest(o, digest, known)
  local row = remembering({
    present = true, mediaType = either(o.mediaType, known and known.mediaType), size = either(o.size, known and known.size),
    asOf = nil, lookedAt = nil, saidAt = nil, saidBy = nil,
  }, o, known)
  local isSame = known and known.present and known.asOf == row.asOf and known.saidAt == row.saidAt
    and known.saidBy == row.saidBy and known.mediaType == row.mediaType and known.size == row.size
  if not isSame then putManifest(o, digest, row) end
end

-- A tag leaves its digest, which is believed until now: retention keeps it as long as the change that names it.
local function leaveDigest(o, row)
  if not row or row.digest == null then return end
  local hash = hashOf('m', repositoryOf(o))
  local text = readRow(hash, row.digest)
  local blank = text and string.find(text, ' ', 1, true)
  -- Edited as a string: every move of a tag comes here. 49: '1', it is present.
  if not blank or string.byte(text, blank + 1) ~= 49 then return end
  local comma = string.find(text, ',', 1, true)
  writeRow(hash, row.digest, json(now) .. string.sub(text, comma and comma < blank and comma or blank))
end

-- Pending observations that the current call settles: they make room.
local settled = 0

local function hasRoom(count)
  return waiting() - settled + count <= call.maxPending
end

-- Keeps the observation for a look; false if there is no room.
local function waitForLook(o, kind, tag)
  if not hasRoom(1) then return false end
  keepPending(cjson.encode({
    kind = kind, registry = o.registry, repository = o.repository, tag = tag, origin = o.origin, saidAt = o.saidAt,
    occurredAt = o.occurredAt, digest = o.digest, mediaType = o.mediaType, size = o.size, dedupeKey = null,
  }))
  return true
end

-- Keeps the observation until its turn comes; false if there is no room.
local function waitForTurn(o)
  if not hasRoom(1) then return false end
  local text = cjson.encode({
    kind = o.kind, registry = o.registry, repository = o.repository, tag = o.tag, origin = o.origin, saidAt = o.saidAt,
    occurredAt = o.occurredAt, digest = o.digest, mediaType = o.mediaType, size = o.size, silent = o.silent,
    looked = o.looked, awaits = given(o.awaits) or 'turn', waitsSince = math.floor(now), dedupeKey = null,
  })
  addTurn(keepPending(text, stampOf(o), true), repositoryOf(o), o.tag, o.sum or '')
  return true
end

-- The platforms of a change of a tag, and the moved ones, as JSON; nil: nobody asked.
local function platformsOf(o, row)
  if o.awaits ~= 'platforms' then return nil end
  local learned = given(o.platforms)
  local platforms = learned and given(learned.platforms)
  if not platforms then return 'null' end
  if not row or not row.present then return platforms end
  if not given(learned.moved) or learned.before ~= row.digest then return 'null' end
  return platforms, learned.moved
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

-- The row `seen` of an unchanged tag: what it was, and what an observation of the same digest adds to it. One without
-- a digest confirms nothing.
local function confirm(seen, row, o)
  seen.digest, seen.mediaType, seen.size, seen.sum = row.digest, row.mediaType, row.size, row.sum
  seen.checkedAt = row.checkedAt
  if o.digest ~= row.digest then return end
  seen.mediaType, seen.size = either(row.mediaType, o.mediaType), either(row.size, o.size)
  seen.checkedAt = row.digest ~= null and confirmedAt(row.checkedAt, o) or null
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
    believe(o)
    return recordTag(o)
  end
  local isChange = verdict == 'tag.created' or verdict == 'tag.updated'
  local isAsked = isChange and o.awaits == 'platforms' and o.digest ~= null
  if o.waited ~= true and (isAsked or turnsOf(repo, o.tag) > 0) then
    if waitForTurn(o) then return 'w' end
    believe(o)
    return recordTag(o)
  end
  if o.digest ~= null then seeManifest(o, o.digest, manifest) end
  -- With a place for each member: a table that has to grow is made anew.
  local seen = remembering({
    digest = o.digest, mediaType = o.mediaType, size = o.size, sum = o.sum, present = true, asOf = nil, lookedAt = nil,
    saidAt = nil, saidBy = nil, firstSeenAt = nil, updatedAt = nil, sequence = nil, checkedAt = null,
  }, o, row)
  if verdict == 'unchanged' then
    confirm(seen, row, o)
  elseif o.digest ~= null then
    seen.checkedAt = certainAt(o)
  end
  local t = happenedAt(o)
  if isChange then
    append(verdict, o, o.tag, o.digest, o.mediaType, o.size, row, platformsOf(o, row))
    leaveDigest(o, row)
  end
  seen.firstSeenAt = row and verdict ~= 'tag.created' and row.firstSeenAt or t
  seen.updatedAt = not isChange and row and row.updatedAt or t
  seen.sequence = isChange and meta.head or row and row.sequence or 0
  putTag(o, o.tag, row, seen)
  return isChange and 'c' or verdict == 'filled' and 'f' or 'u'
end

local function deleteTag(o, tag, row)
  append('tag.deleted', o, tag, null, null, null, row)
  putTag(o, tag, row, remembering({ digest = null, mediaType = null, size = null, present = false,
    checkedAt = certainAt(o), firstSeenAt = row.firstSeenAt, updatedAt = happenedAt(o), sequence = meta.head }, o, row))
end

local function recordTagGone(o)
  local repo = repositoryOf(o)
  local row = getTag(repo, o.tag)
  local weight = row and weigh(o, row) or 'newer'
  if weight == 'older' then return 's' end
  if weight == 'newer' and o.waited ~= true and turnsOf(repo, o.tag) > 0 then
    if waitForTurn(o) then return 'w' end
    believe(o)
  end
  if not row then return 'n' end
  if not row.present then
    putTag(o, o.tag, row, remembering({ digest = null, mediaType = null, size = null, present = false,
      checkedAt = confirmedAt(row.checkedAt, o), firstSeenAt = row.firstSeenAt,
      updatedAt = row.updatedAt, sequence = row.sequence }, o, row))
    return 'u'
  end
  if weight == 'unsure' and waitForLook(o, 'tag-gone', o.tag) then return 'w' end
  deleteTag(o, o.tag, row)
  leaveDigest(o, row)
  return 'c'
end

local function recordManifest(o)
  local row = getManifest(repositoryOf(o), o.digest)
  if row and not row.present and weigh(o, row) == 'older' then return 's' end
  seeManifest(o, o.digest, row)
  if row and row.present then return 'u' end
  if not row and o.silent == true then return 'f' end
  append('manifest.pushed', o, null, o.digest, o.mediaType, o.size)
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
  if unsure > 0 and not hasRoom(unsure) then
    believe(o)
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
    local ended, unsure = endTags(o, repo, tagsAt(o, o.digest))
    if unsure > 0 then return ended > 0 and 'c' or 'w' end
    append('manifest.deleted', o, null, o.digest, null, null)
  end
  putManifest(o, o.digest, remembering({ present = false, mediaType = row.mediaType, size = row.size }, o, row))
  return row.present and 'c' or 'u'
end

local function recordRepositoryGone(o)
  local repo = repositoryOf(o)
  local ended, unsure = endTags(o, repo, presentTags(repo))
  local saidAt = given(o.saidAt)
  local upTo = saidAt and latestBinding(saidAt)
  redis.call('HDEL', LISTED, repo)
  writeRows()
  local manifests = hashOf('m', repo)
  local digests = redis.call('HKEYS', manifests.key)
  local tagged = atHash()
  for i, digest in ipairs(digests) do tagged.wanted[i] = digest end
  readAhead(tagged)
  for _, digest in ipairs(digests) do
    local row = getManifest(repo, digest)
    local isSpared = saidAt and row.saidBy == o.origin and row.saidAt > saidAt and row.saidAt <= upTo
    local text = not isSpared and tagged.known[digest]
    -- A tag that stays still needs its digest.
    local isTagged = text and #tagsIn(memberOf(o), digest, text, 1) > 0
    if not isSpared and not isTagged then writeRow(manifests, digest, false) end
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

-- The marks of list-marks.ts: "<wholeAt> <readAt>". A list that never was whole has none.
local function recordListed(o)
  local repo, at = repositoryOf(o), stampOf(o)
  -- The list had tags that the index does not have yet.
  if turnsOf(repo) > 0 then return 'w' end
  local text = redis.call('HGET', LISTED, repo)
  if not text and not o.whole then return 'u' end
  local wholeAt, readAt = string.match(text or '', '^(%-?%d+) (%-?%d+)$')
  wholeAt, readAt = tonumber(wholeAt) or at, tonumber(readAt) or at
  if o.whole then wholeAt = math.max(wholeAt, at) end
  redis.call('HSET', LISTED, repo, whole(wholeAt) .. ' ' .. whole(math.max(readAt, at)))
  if not text then noteRepository(o) end
  return 'u'
end

local recorders = {
  ['tag'] = recordTag,
  ['tag-gone'] = recordTagGone,
  ['manifest'] = recordManifest,
  ['manifest-gone'] = recordManifestGone,
  ['repository-gone'] = recordRepositoryGone,
  ['baseline'] = recordBaseline,
  ['listed'] = recordListed,
}

-- Decides what must be decided before the observation, as it came: what waits in its repository, or of its tag.
local function decideFirst(o)
  local repo, tag = repositoryOf(o), nil
  if o.kind == 'tag' or o.kind == 'tag-gone' then
    local ahead = o.waited ~= true and turnsOf(repo, o.tag) or 0
    if ahead == 0 or ahead < maxTurnsPerTag and hasRoom(1) then return end
    tag = o.tag
  elseif o.kind ~= 'manifest-gone' and o.kind ~= 'repository-gone' or turnsOf(repo) == 0 then
    return
  end
  local from, to = rangeOf(repo, tag)
  for _, member in ipairs(redis.call('ZRANGE', TURNS, from, to, 'BYLEX')) do
    local id, sum = string.match(member, '^%S+ %S+ %S+ (%S+) (%S*)$')
    local text = redis.call('HGET', PENDING, id)
    local isRead, turn = pcall(cjson.decode, text or '')
    redis.call('HDEL', PENDING, id)
    endTurn(id)
    if isRead then
      turn.waited, turn.sum = true, sum ~= '' and sum or nil
      recorders[turn.kind](turn)
    end
  end
end
