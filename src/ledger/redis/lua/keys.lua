-- The keys of the ledger, and what several of its scripts ask of the stream. After common.lua.
--
-- meta     a hash: schema, epoch, head, floor, began, reason, recordedAt, run, replid, lost (positions below it were
--          cut off by a loss), summedFrom (later entries of the stream have a checksum), ...
-- ARGV[1]  also has epoch (to take if a new one is needed), seenEpoch and seenHead (the newest this gateway knows)
--          and channel
--
-- Other keys:  log      stream, id <sequence>-0, field c: [recordedAt, type, registry, repository, tag, digest,
--                       previousDigest, mediaType, size, occurredAt, origin, sum of the previous digest or '', platforms
--                       and the moved ones as JSON, if they were asked for]; field s: its checksum; field l: the
--                       sequences of the tag's and of the repository's change before it, 0: none
--              repos    zset by name: "registry repository" of each repository that has rows or list marks
--              t:<repo> hash tag -> [digest, mediaType, size, present, asOf, firstSeenAt, updatedAt, sequence, lookedAt,
--                       saidAt, saidBy, checkedAt (TagRow in decision.ts), sum of the digest or '']
--              p:<repo> zset by name: the present tags
--              u:<repo> zset by updatedAt: the same, of a repository with many tags; ordered: hash of these repositories
--              moved    zset by updatedAt: "registry repository tag" of all present tags
--              m:<repo> hash digest -> "asOf present"; if a sender gave a time: "asOf,saidAt,saidBy present"; if media
--                       type or size is known: "… present;size;mediaType"
--              at, d:…  the present tags at each digest (tagged.lua)
--              last     hash repository -> sequence of its newest change; '' -> tableMark
--              listed   hash repository -> "wholeAt readAt" (ListMarks in list-marks.ts)
--              scopes   hash repository -> JSON list of baselined scopes, oldest first
--              keys     zset delivery key -> stamp*1000 when it was remembered, made distinct to keep their order
--              pending  hash id -> observation, and due: zset id -> stamp at which its lease ends, ms; of those that wait
--                       for their turn: turns, turn and ready (turns.lua)
--              targets  hash of where targets are (targets.lua)

local LOG, REPOS, LAST = prefix .. 'log', prefix .. 'repos', prefix .. 'last'
local SCOPES, DELIVERIES = prefix .. 'scopes', prefix .. 'keys'
local PENDING, DUE = prefix .. 'pending', prefix .. 'due'
local AT, MOVED, ORDERED, LISTED = prefix .. 'at', prefix .. 'moved', prefix .. 'ordered', prefix .. 'listed'

-- The checksum of an entry: 32 bits of SHA-1, against decay, not against forgery. sum.ts checks it. The sum of a
-- tag's digest comes with its observation: computing it here would cost a fifteenth of a commit.
local function sumOf(text)
  return string.sub(redis.sha1hex(text), 1, 8)
end

local function recordedAtOf(sequence)
  local id = whole(sequence) .. '-0'
  local entry = redis.call('XRANGE', LOG, id, id)[1]
  return entry and tonumber(string.match(entry[2][2], '^%[(%d+)'))
end

-- The sequence before the first change recorded at or after `time`. Sequences are dense and recordedAt never falls,
-- so a binary search finds it in some 20 reads; an index by time would cost memory for every change.
local function seek(time, floor, head)
  local low, high = floor, head
  while low < high do
    local middle = math.floor((low + high + 1) / 2)
    local at = recordedAtOf(middle)
    if at == nil or at < time then low = middle else high = middle - 1 end
  end
  return low
end
