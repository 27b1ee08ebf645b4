-- Compares observations with the index, in order, and appends what changed. After decide.lua and what that needs,
-- deliveries.lua and snapshot.lua.
--
-- ARGV[1]  also has maxPublished and touch
-- ARGV[2]  JSON: list of calls { o: observations, of tags with `sum` of their digest, s: ids of pending observations
--          that they settle }
-- Returns  { epoch, floor, head before, began, one string of outcome letters per call ('-': its pending ids were gone,
--          so it did nothing), number of changes of each call joined by blanks, the announcement of all
--          changes: "<epoch> <first> <count>\n" and their JSON }

local headBefore = meta.head
-- The current repository, to report whose key stopped the script.
local current = nil
-- WAIT counts the replicas that have this connection's last write, so a duplicate must write too.
if call.touch then redis.call('HSET', META, 'touched', whole(now)) end

local function recordOne(o)
  local key = o.dedupeKey
  local hasKey = key ~= nil and key ~= null
  if hasKey and isDuplicate(key, o.dedupeWindowMs) then return 'd' end
  current = repositoryOf(o)
  if isExporting() then keepForExport(current) end
  decideFirst(o)
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
    endTurn(id)
  end
end

local outcomes, counts = {}, {}
local calls = cjson.decode(ARGV[2])

-- Reads the rows that the observations of tags need: of the tags, of the digests that they had and get, and of the
-- repositories.
local function readAllAhead()
  local tagged = atHash()
  local ordered = orderedHash()
  local atWanted, newestWanted, orderedWanted = tagged.wanted, newest.wanted, ordered.wanted
  for _, one in ipairs(calls) do
    for _, o in ipairs(one.o) do
      if o.kind == 'tag' then
        local repo, digest = repositoryOf(o), o.digest
        if not hashes.t[repo] then
          local place = #newestWanted + 1
          newestWanted[place], orderedWanted[place] = repo, repo
        end
        local wanted = hashOf('t', repo).wanted
        wanted[#wanted + 1] = o.tag
        if digest ~= null then
          wanted = hashOf('m', repo).wanted
          wanted[#wanted + 1], atWanted[#atWanted + 1] = digest, digest
        end
      end
    end
  end
  for repo, hash in pairs(hashes.t) do
    readAhead(hash)
    for _, text in pairs(hash.known) do
      local previous = text and string.match(text, '^%["([^"]+)"')
      if previous then
        local wanted = hashOf('m', repo).wanted
        wanted[#wanted + 1], atWanted[#atWanted + 1] = previous, previous
      end
    end
  end
  for _, hash in pairs(hashes.m) do readAhead(hash) end
  readAhead(tagged)
  readAhead(newest)
  readAhead(ordered)
end

local function recordAll()
  readAllAhead()
  for i, one in ipairs(calls) do
    local before = meta.head
    local letters = {}
    settled = #one.s
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

-- Some 16 texts at once: table.concat makes, and Lua hashes, each part of a long text several times.
local function joined(texts)
  while #texts > 1 do
    local parts, from = {}, 1
    while from + 15 <= #texts do
      local a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p = unpack(texts, from, from + 15)
      parts[#parts + 1] = a .. ',' .. b .. ',' .. c .. ',' .. d .. ',' .. e .. ',' .. f .. ',' .. g .. ',' .. h .. ','
        .. i .. ',' .. j .. ',' .. k .. ',' .. l .. ',' .. m .. ',' .. n .. ',' .. o .. ',' .. p
      from = from + 16
    end
    if from <= #texts then parts[#parts + 1] = table.concat(texts, ',', from) end
    texts = parts
  end
  return texts[1] or ''
end

local count = #encoded
local heading = meta.epoch .. ' ' .. whole(headBefore + 1) .. ' ' .. whole(count) .. '\n'
encoded[1] = heading .. '[' .. (encoded[1] or '')
encoded[#encoded] = encoded[#encoded] .. ']'
local announcement = joined(encoded)
if meta.head == headBefore then
  noteClock()
else
  redis.call('HSET', META, 'head', whole(meta.head), 'recordedAt', whole(recordedAt),
    'stampedAt', whole(now))
  -- pcall: what is stored stays stored even if publishing fails; gateways notice a silent channel. A very long list
  -- is not sent to every gateway: they learn where it begins, and read the stream.
  redis.pcall('SPUBLISH', call.channel, count > call.maxPublished and heading or announcement)
end
if not fine then
  local kinds = { t = 'hash', p = 'zset', u = 'zset', m = 'hash' }
  for part, kind in pairs(current and kinds or {}) do
    local foreign = foreignKey(prefix .. part .. ':' .. current, kind)
    if foreign then return redis.error_reply('BROKEN ' .. foreign) end
  end
  return redis.error_reply('BROKEN ' .. (type(failure) == 'table' and failure.err or tostring(failure)))
end
return {
  meta.epoch, whole(meta.floor), whole(headBefore), whole(meta.began),
  outcomes, table.concat(counts, ' '), announcement,
}
