-- Steps of an export. After keys.lua, admit.lua, clock.lua and snapshot.lua.
--
-- ARGV[1]  also has op, id (the export's own), leaseMs and the arguments of the op:
--            clear                   ends an export under way; '1' if nothing of it is left, else ask again
--            begin                 → { epoch, floor, head, recordedAt, stampedAt }
--            renew                   prolongs the lease
--            keep   repository       prolongs it too, and copies the repository
--            read   repository       drops the copy, which was read
-- Error EXPORT if another export has begun or the lease has ended

if call.op == 'clear' then return dropSnapshot(1000) and '1' or '0' end

if call.op == 'begin' then
  for _, name in ipairs({ 'repos', 'scopes', 'listed', 'keys', 'pending' }) do
    redis.call('COPY', prefix .. name, prefix .. 'x:' .. name, 'REPLACE')
  end
elseif redis.call('HGET', META, 'export') ~= call.id or not isExporting() then
  return redis.error_reply('EXPORT another one has begun, or this one was idle for too long')
end

redis.call('HSET', META, 'export', call.id, 'exportUntil', whole(now + call.leaseMs))
if call.op == 'keep' then keepForExport(call.repository) end
if call.op == 'read' then
  redis.call('UNLINK', prefix .. 'x:t:' .. call.repository, prefix .. 'x:m:' .. call.repository)
end
return { meta.epoch, whole(meta.floor), whole(meta.head), whole(meta.recordedAt), whole(now) }
