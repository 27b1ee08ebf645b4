-- Observations that wait for their turn: turns.ts, restated. After keys.lua and common.lua, and in record.lua after
-- weigh.lua and pending.lua.
--
-- turns    zset by name: "registry/repository tag <order> <id> <sum of the digest or ''>" of each; <order> rises
-- turn     hash id -> its member in turns
-- ready    zset id -> stamp at which its lease ends, ms: the first of each tag

local TURNS, TURN, READY = prefix .. 'turns', prefix .. 'turn', prefix .. 'ready'
local maxTurnsPerTag = 16

-- Whether anything waits; nil: not asked yet. Nearly always nothing does.
local hasTurns = nil

local function rangeOf(repo, tag)
  local head = tag and repo .. ' ' .. tag or repo
  return '[' .. head .. ' ', '(' .. head .. '!'
end

-- How many of a tag wait, or of all tags of a repository.
local function turnsOf(repo, tag)
  if hasTurns == nil then hasTurns = redis.call('EXISTS', TURNS) == 1 end
  if not hasTurns then return 0 end
  return redis.call('ZLEXCOUNT', TURNS, rangeOf(repo, tag))
end

-- Puts an observation that is pending under `id` last in its tag's turns.
local function addTurn(id, repo, tag, sum)
  if turnsOf(repo, tag) == 0 then redis.call('ZADD', READY, 0, id) end
  local order = string.format('%012d', tonumber(string.match(id, '%d+$')))
  local member = repo .. ' ' .. tag .. ' ' .. order .. ' ' .. id .. ' ' .. sum
  redis.call('ZADD', TURNS, 0, member)
  redis.call('HSET', TURN, id, member)
  hasTurns = true
end

-- Ends a turn, if it is one: the next of its tag is ready.
local function endTurn(id)
  local member = redis.call('HGET', TURN, id)
  if not member then return end
  redis.call('HDEL', TURN, id)
  redis.call('ZREM', TURNS, member)
  redis.call('ZREM', READY, id)
  local repo, tag = string.match(member, '^(%S+) (%S+) ')
  local from, to = rangeOf(repo, tag)
  local next = redis.call('ZRANGE', TURNS, from, to, 'BYLEX', 'LIMIT', 0, 1)[1]
  if next then redis.call('ZADD', READY, 'NX', 0, (string.match(next, '^%S+ %S+ %S+ (%S+)'))) end
end
