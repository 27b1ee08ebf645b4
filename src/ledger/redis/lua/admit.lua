-- Whether this gateway may write, and in which epoch; in every script that writes. After keys.lua and intact.lua.
--
-- An asynchronous failover can lose the newest writes and give out their numbers again. So a script trusts the epoch
-- only while the same server process has been primary all the time. Otherwise (another run id, a promotion) it takes
-- a new epoch before it writes. A check by the client would leave a moment in which old numbers go to new changes.
-- The replication id alone is not enough: it also changes when the first replica attaches, but then there is no
-- second replication id.
--
-- ARGV[1]  also has isQuick: a script that runs for every push leaves the slow half of intact.lua to `status`, which
--          every gateway runs every few seconds, and at once after a script that broke; and isMigration: migrate.lua.
--          Other scripts are refused with MIGRATE while a migration is under way

local function serverNow()
  local server, replication = redis.pcall('INFO', 'server'), redis.pcall('INFO', 'replication')
  -- An ACL forbids INFO: then only a lower head reveals a loss.
  if type(server) ~= 'string' or type(replication) ~= 'string' then return nil end
  -- A plain search first: a pattern alone is tried at each of some 1,000 characters, at every push.
  return {
    run = string.match(server, '^run_id:(%x+)', string.find(server, 'run_id:', 1, true)),
    replid = string.match(replication, '^master_replid:(%x+)', string.find(replication, 'master_replid:', 1, true)),
    promoted = not string.find(replication, 'master_replid2:0000000000000000000000000000000000000000', 1, true),
  }
end

local function discontinuity(meta, server)
  if meta.epoch == call.seenEpoch and meta.head < call.seenHead then
    return 'Redis lost changes: the head fell from ' .. whole(call.seenHead) .. ' to ' .. whole(meta.head)
  end
  if server == nil or meta.run == false then return nil end
  if server.run ~= meta.run then return 'Redis was restarted or failed over' end
  if server.replid ~= meta.replid and server.promoted then return 'Redis failed over' end
  return nil
end

local function beginEpoch(meta, reason)
  meta.epoch, meta.began = call.epoch, meta.head
  redis.call('HSET', META, 'epoch', meta.epoch, 'began', whole(meta.began), 'head', whole(meta.head),
    'floor', whole(meta.floor), 'lost', 0, 'reason', reason)
  redis.pcall('SPUBLISH', call.channel, meta.epoch .. ' 0 0\n')
end

-- What a ledger of an earlier format needs before it is used: links and index, or the index alone. The stages are
-- migrate.lua's.
local function beginMigration(meta, schema)
  redis.call('HSET', META, 'schema', call.schema)
  -- Entries up to here may have no checksum: an earlier version wrote them.
  if schema < 2 then redis.call('HSET', META, 'summedFrom', whole(meta.head)) end
  if redis.call('EXISTS', REPOS) == 0 then
    markHashes()
    return
  end
  -- An earlier version may have stopped while it made them.
  local hasLinks = meta.migrating ~= 'links' and (schema == 0 or schema >= 3 or meta.floor == meta.head)
  meta.migrating = hasLinks and 'index' or 'links'
  redis.call('HSET', META, 'migrating', meta.migrating)
  redis.call('HDEL', META, 'migrated')
end

local function admit()
  local found = redis.pcall('HMGET', META, 'schema', 'epoch', 'head', 'floor', 'began', 'recordedAt', 'run', 'replid',
    'exportUntil', 'stampedAt', 'skewMs', 'steppedAt', 'migrating')
  if found.err then return nil, foreignKey(META, 'hash') or found.err end
  local schema = tonumber(found[1] or 0) or 0
  if schema > call.schema then return nil, 'SCHEMA ' .. found[1] end
  local server, meta = serverNow(), readMeta(found)
  local reason
  -- In between, the stream is in two keys.
  local isUnderWay = meta and meta.migrating == 'links'
  if not isUnderWay and (not meta or not call.isQuick or schema < call.schema or seemsLost(meta)) then
    local refusal
    if not meta then schema = 0 end
    meta, reason, refusal = inspect(meta)
    if refusal then return nil, refusal end
  end
  reason = reason or discontinuity(meta, server)
  if schema < call.schema then beginMigration(meta, schema) end
  -- Without a reason, nothing that the clock reads was written above: one command less for each push.
  if reason then beginEpoch(meta, reason) else storedClock = { found[2], found[10], found[11], found[12], found[6] } end
  if server and (server.run ~= meta.run or server.replid ~= meta.replid) then
    redis.call('HSET', META, 'run', server.run, 'replid', server.replid)
  end
  if meta.migrating and not call.isMigration then return nil, 'MIGRATE is needed' end
  return meta
end

local meta, refusal = admit()
if refusal then return redis.error_reply(refusal) end
