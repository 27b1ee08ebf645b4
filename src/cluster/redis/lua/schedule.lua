-- When each repository of one registry is looked at, and by which gateway. After steady.lua.
--
-- ARGV[1]  also has registry, node, nodeTtlMs, op and the arguments of the op:
--            beat                                          → 1 if this gateway was unknown: it must send all again
--            want    wanted: [repository, scopes as JSON, inMs or null for never]…, onlyNew: keep the due times of
--                    those already scheduled            → as beat
--            unwant  repository
--            claim   max, leaseMs                          → [repository, scopes as JSON, memo or '', lease]…
--            extend  repository, lease, leaseMs            → 1 if the lease was still held
--            done    repository, lease, inMs, memo
--            hasten  repository, inMs, spacingMs           → 1 if it is scheduled
--            next                                          → ms until something is due, '' for nothing
--
-- due    zset repository -> when it is due, ms; during a look: when the lease ends
-- rows   hash repository -> [memo, lease or '', due time requested during the look or null, when the last look ended
--                            (0: never)]
-- wants  hash repository -> { node: its scopes as JSON }
-- nodes  zset node -> when it expires, ms: a gateway that died cannot unwant

local base = prefix .. 'schedule:' .. call.registry .. ':'
local dueKey, rowsKey, wantsKey, nodesKey = base .. 'due', base .. 'rows', base .. 'wants', base .. 'nodes'
local never = 1e15
-- Unwanted repositories that one claim drops at most.
local maxDropped = 1000

local function getRow(repository)
  local text = redis.call('HGET', rowsKey, repository)
  local row = text and cjson.decode(text)
  return row and { memo = row[1], lease = row[2], hastened = row[3], lookedAt = row[4] or 0 }
end

local function putRow(repository, row)
  redis.call('HSET', rowsKey, repository, cjson.encode({ row.memo, row.lease, row.hastened, row.lookedAt }))
end

local function setDue(repository, at)
  redis.call('ZADD', dueKey, whole(at), repository)
end

local function drop(repository)
  redis.call('ZREM', dueKey, repository)
  redis.call('HDEL', rowsKey, repository)
  redis.call('HDEL', wantsKey, repository)
end

local function isAlive(node)
  local untilMs = redis.call('ZSCORE', nodesKey, node)
  return untilMs and tonumber(untilMs) >= now
end

local function beat()
  local wasAlive = isAlive(call.node)
  redis.call('ZREMRANGEBYSCORE', nodesKey, '-inf', '(' .. whole(now))
  redis.call('ZADD', nodesKey, whole(now + call.nodeTtlMs), call.node)
  return wasAlive and 0 or 1
end

local function bringForward(repository, row, at)
  if row.lease ~= '' then
    row.hastened = row.hastened == null and at or math.min(row.hastened, at)
    putRow(repository, row)
    return
  end
  if at < tonumber(redis.call('ZSCORE', dueKey, repository)) then setDue(repository, at) end
end

-- Whether another living gateway wants the same scopes and a look is scheduled. Then a gateway that starts, or gets
-- its first subscriber, would learn nothing from an earlier look, which costs the registry a request.
local function isPlanned(repository, scopes, wants)
  for node, list in pairs(wants) do
    if node ~= call.node and list == scopes and isAlive(node) then
      return tonumber(redis.call('ZSCORE', dueKey, repository) or never) < never
    end
  end
  return false
end

local function want(repository, scopes, inMs)
  local text = redis.call('HGET', wantsKey, repository)
  local wants = text and cjson.decode(text) or {}
  local isKept = call.onlyNew or isPlanned(repository, scopes, wants)
  if wants[call.node] ~= scopes then
    wants[call.node] = scopes
    redis.call('HSET', wantsKey, repository, cjson.encode(wants))
  end
  local at = inMs == null and never or now + inMs
  local row = getRow(repository)
  if row then return isKept or bringForward(repository, row, at) end
  putRow(repository, { memo = '', lease = '', hastened = null, lookedAt = 0 })
  setDue(repository, at)
end

-- The scopes wanted by all living gateways, as JSON; nil if none wants the repository.
local function scopesOf(repository)
  local text = redis.call('HGET', wantsKey, repository)
  if not text then return nil end
  local known, scopes, isWanted, wants = {}, {}, false, cjson.decode(text)
  for node, list in pairs(wants) do
    if isAlive(node) then
      isWanted = true
      for _, scope in ipairs(cjson.decode(list)) do
        if not known[scope] then scopes[#scopes + 1] = scope end
        known[scope] = true
      end
    end
  end
  if not isWanted then return nil end
  table.sort(scopes)
  return #scopes == 0 and '[]' or cjson.encode(scopes)
end

local function claim()
  local claims, dropped = {}, 0
  while #claims < 4 * call.max and dropped < maxDropped do
    local left = call.max - #claims / 4
    local due = redis.call('ZRANGEBYSCORE', dueKey, '-inf', whole(now), 'LIMIT', 0, left)
    if #due == 0 then break end
    for _, repository in ipairs(due) do
      local scopes, row = scopesOf(repository), getRow(repository)
      if scopes and row then
        row.lease = call.node .. '-' .. whole(redis.call('HINCRBY', META, 'lease', 1))
        putRow(repository, row)
        setDue(repository, now + call.leaseMs)
        local at = #claims
        claims[at + 1], claims[at + 2], claims[at + 3], claims[at + 4] = repository, scopes, row.memo, row.lease
      else
        drop(repository)
        dropped = dropped + 1
      end
    end
  end
  return claims
end

local function held()
  local row = getRow(call.repository)
  return row and row.lease == call.lease and row or nil
end

local ops = {}
ops.beat = beat
ops.claim = claim

function ops.want()
  local wasForgotten = beat()
  for _, one in ipairs(call.wanted) do want(one[1], one[2], one[3]) end
  return wasForgotten
end

function ops.unwant()
  local text = redis.call('HGET', wantsKey, call.repository)
  if not text then return end
  local wants = cjson.decode(text)
  wants[call.node] = nil
  if next(wants) ~= nil then
    redis.call('HSET', wantsKey, call.repository, cjson.encode(wants))
    return
  end
  local row = getRow(call.repository)
  if row and row.lease ~= '' then redis.call('HDEL', wantsKey, call.repository) else drop(call.repository) end
end

function ops.extend()
  if not held() then return 0 end
  setDue(call.repository, now + call.leaseMs)
  return 1
end

function ops.done()
  local row = held()
  if not row then return end
  if not scopesOf(call.repository) then return drop(call.repository) end
  local at = now + call.inMs
  if row.hastened ~= null then at = math.min(at, row.hastened) end
  putRow(call.repository, { memo = call.memo, lease = '', hastened = null, lookedAt = now })
  setDue(call.repository, at)
end

function ops.hasten()
  local row = getRow(call.repository)
  if not row or not redis.call('HGET', wantsKey, call.repository) then return 0 end
  bringForward(call.repository, row, math.max(now + call.inMs, row.lookedAt + call.spacingMs))
  return 1
end

function ops.next()
  local first = redis.call('ZRANGE', dueKey, 0, 0, 'WITHSCORES')
  if #first == 0 then return '' end
  return whole(math.max(0, tonumber(first[2]) - now))
end

return ops[call.op]()
