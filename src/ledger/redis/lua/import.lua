-- Steps of an import: stages the rows in keys of its own, and puts them in place all at once at the end. After
-- keys.lua, admit.lua, turns.lua, rows.lua, orders.lua, tagged.lua and index.lua.
--
-- ARGV[1]  also has op and id (the import's own)
--            begin   after drop: takes the place
--            rows    ARGV[2]: JSON, list of rows as in transfer.ts; pending ones as { row, text, and of a turn: repo, turn (its
--                    tag), sum }, tags with sum, platforms of changes as JSON
--            commit  → as status.lua; error NOTEMPTY <head> if the ledger holds anything
--            drop    removes what any import staged; '1' if nothing is left, else ask again
-- Error IMPORT if another import has taken the place

local target = prefix
local stage = prefix .. 'import:'
local names = {
  'log', 'repos', 'last', 'scopes', 'keys', 'pending', 'due', 'turns', 'turn', 'ready', 'at', 'moved', 'ordered',
  'listed',
}

local function isEmpty()
  return meta.head == 0 and redis.call('EXISTS', REPOS, DELIVERIES, PENDING, SCOPES) == 0
end

local function stagedRepositories(count)
  return redis.call('ZRANGE', stage .. 'repos', 0, count)
end

local function keysOf(member)
  local repo = string.gsub(member, ' ', '/', 1)
  return { 't:' .. repo, 'p:' .. repo, 'u:' .. repo, 'm:' .. repo }
end

-- The zsets of digests at which many tags point.
local function stagedDigests()
  local digests = {}
  for _, digest in ipairs(redis.call('SMEMBERS', stage .. 'many')) do digests[#digests + 1] = 'd:' .. digest end
  return digests
end

local writers = {}

local function stagedHash(name)
  hashes[name] = hashes[name] or newHash(stage .. name)
  return hashes[name]
end

function writers.header(row)
  redis.call('HSET', stage .. 'meta', 'schema', call.schema, 'epoch', row.epoch, 'head', whole(row.head),
    'floor', whole(row.floor), 'began', whole(row.head), 'recordedAt', whole(row.recordedAt),
    'summedFrom', whole(row.floor), 'lost', 0, 'stampedAt', whole(row.stampedAt or row.recordedAt),
    'reason', 'the ledger was imported')
end

function writers.change(row)
  local text = cjson.encode({
    row.recordedAt, row.type, row.registry, row.repository, row.tag, row.digest, row.previousDigest,
    row.mediaType, row.size, row.occurredAt, row.origin, '', row.platforms, row.movedPlatforms,
  })
  local sequence, repo = whole(row.sequence), repositoryOf(row)
  local links = linksOf(stagedHash('links'), repo, row.tag, sequence)
  redis.call('XADD', stage .. 'log', sequence .. '-0', 'c', text, 's', sumOf(text), 'l', links)
  writeRow(stagedHash('last'), repo, sequence)
end

function writers.tag(row)
  putTag(row, row.tag, nil, row)
  local isMany = row.present and row.digest ~= null and readRow(atHash(), row.digest) == '*'
  if isMany then redis.call('SADD', stage .. 'many', row.digest) end
end

function writers.manifest(row)
  putManifest(row, row.digest, row)
end

function writers.listed(row)
  redis.call('HSET', stage .. 'listed', repositoryOf(row), whole(row.wholeAt) .. ' ' .. whole(row.readAt))
  noteRepository(row)
end

function writers.baseline(row)
  local text = redis.call('HGET', stage .. 'scopes', repositoryOf(row))
  local scopes = text and cjson.decode(text) or {}
  scopes[#scopes + 1] = row.scope
  redis.call('HSET', stage .. 'scopes', repositoryOf(row), cjson.encode(scopes))
end

function writers.delivery(row)
  local order = tonumber(redis.call('HGET', stage .. 'meta', 'deliveryOrder') or 0)
  order = math.max(order + 1, row.at * 1000)
  redis.call('ZADD', stage .. 'keys', whole(order), row.key)
  redis.call('HSET', stage .. 'meta', 'deliveryOrder', whole(order))
end

function writers.pending(row)
  local epoch = redis.call('HGET', stage .. 'meta', 'epoch')
  local id = epoch .. '-' .. string.format('%012d', redis.call('HINCRBY', stage .. 'meta', 'pendingId', 1))
  redis.call('HSET', stage .. 'pending', id, row.text)
  if row.turn then addTurn(id, row.repo, row.turn, row.sum) else redis.call('ZADD', stage .. 'due', 0, id) end
end

local function stageRows()
  -- The functions of index.lua write below `prefix`.
  prefix, REPOS = stage, stage .. 'repos'
  TURNS, TURN, READY = stage .. 'turns', stage .. 'turn', stage .. 'ready'
  for _, row in ipairs(cjson.decode(ARGV[2])) do writers[row.row](row) end
  writeRows()
end

local function commit()
  redis.call('DEL', LOG, LAST)
  local function put(list)
    for _, name in ipairs(list) do
      if redis.call('EXISTS', stage .. name) == 1 then redis.call('RENAME', stage .. name, target .. name) end
    end
  end
  for _, member in ipairs(stagedRepositories(-1)) do
    put(keysOf(member))
  end
  put(stagedDigests())
  put(names)
  markHashes()
  redis.call('UNLINK', stage .. 'many', stage .. 'links')
  redis.call('HDEL', stage .. 'meta', 'id')
  local fields = redis.call('HGETALL', stage .. 'meta')
  redis.call('HSET', META, unpack(fields))
  redis.call('DEL', stage .. 'meta')
  local epoch = redis.call('HGET', META, 'epoch')
  redis.pcall('SPUBLISH', call.channel, epoch .. ' 0 0\n')
  return '1'
end

local function drop()
  for _, member in ipairs(stagedRepositories(999)) do
    for _, name in ipairs(keysOf(member)) do redis.call('UNLINK', stage .. name) end
    redis.call('ZREM', stage .. 'repos', member)
  end
  if redis.call('EXISTS', stage .. 'repos') == 1 then return '0' end
  for _, name in ipairs(stagedDigests()) do redis.call('UNLINK', stage .. name) end
  for _, name in ipairs(names) do redis.call('UNLINK', stage .. name) end
  redis.call('UNLINK', stage .. 'meta', stage .. 'many', stage .. 'links')
  return '1'
end

if call.op == 'drop' then return drop() end
if not isEmpty() then return redis.error_reply('NOTEMPTY ' .. whole(meta.head)) end
if call.op == 'begin' then
  redis.call('HSET', stage .. 'meta', 'id', call.id)
  return '1'
end
if redis.call('HGET', stage .. 'meta', 'id') ~= call.id then
  return redis.error_reply('IMPORT another one has begun')
end
if call.op == 'commit' then return commit() end
stageRows()
return '1'
