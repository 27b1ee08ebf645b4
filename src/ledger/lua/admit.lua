-- After common.lua, in every script that writes: whether this gateway may write, and in which epoch.
--
-- An asynchronous failover may lose the newest writes and hand their numbers out again. So a script trusts the
-- epoch only while the same server process has been primary all the time: otherwise (another run id, a
-- promotion) it takes a new epoch before it writes anything. Inside the script, because a check by the client
-- leaves a moment in which old numbers are given to new changes. The replication id alone would not do: it also
-- changes when the first replica attaches, but then there is no second replication id.

local function serverNow()
  local server, replication = redis.pcall('INFO', 'server'), redis.pcall('INFO', 'replication')
  -- Forbidden by an ACL: then only a lower head shows that something was lost.
  if type(server) ~= 'string' or type(replication) ~= 'string' then return nil end
  return {
    run = string.match(server, 'run_id:(%x+)'),
    replid = string.match(replication, 'master_replid:(%x+)'),
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

local function admit()
  local found = redis.call('HMGET', META, 'schema', 'epoch', 'head', 'floor', 'began', 'recordedAt', 'run', 'replid',
    'exportUntil')
  if found[1] and tonumber(found[1]) > call.schema then return nil, 'SCHEMA ' .. found[1] end
  local server = serverNow()
  if not found[2] then
    redis.call('HSET', META, 'schema', call.schema, 'epoch', call.epoch, 'head', 0, 'floor', 0, 'began', 0,
      'recordedAt', 0, 'reason', 'the ledger is new')
    found = { call.schema, call.epoch, 0, 0, 0, 0, false, false }
  end
  local meta = {
    epoch = found[2], head = tonumber(found[3]), floor = tonumber(found[4]), began = tonumber(found[5]),
    recordedAt = tonumber(found[6]), run = found[7], replid = found[8],
    exportUntil = tonumber(found[9] or 0),
  }
  local reason = discontinuity(meta, server)
  if reason then
    meta.epoch, meta.began = call.epoch, meta.head
    redis.call('HSET', META, 'epoch', meta.epoch, 'began', whole(meta.began), 'reason', reason)
    redis.pcall('SPUBLISH', call.channel, meta.epoch .. ' 0 0\n')
  end
  if server and (server.run ~= meta.run or server.replid ~= meta.replid) then
    redis.call('HSET', META, 'run', server.run, 'replid', server.replid)
  end
  return meta
end

local meta, refusal = admit()
if refusal then return redis.error_reply(refusal) end
