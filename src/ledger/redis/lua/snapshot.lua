-- The snapshot of an export. After keys.lua and admit.lua, in scripts that change or drop rows.
--
-- Redis has no snapshots, and copying the whole ledger at once would stop it for seconds. So during an export each
-- repository is copied just before it first changes, or just before it is read.
--
-- meta   export: the export's id, exportUntil: end of its lease, ms
-- x:t:<repo>, x:m:<repo>  a repository as it was, until it has been read;  x:kept  set of those that were copied
-- x:repos, x:scopes, x:listed, x:keys, x:pending  the small keys as they were

local function isExporting()
  return meta.exportUntil > now
end

local function keepForExport(repo)
  if redis.call('SADD', prefix .. 'x:kept', repo) == 0 then return end
  redis.call('COPY', prefix .. 't:' .. repo, prefix .. 'x:t:' .. repo)
  redis.call('COPY', prefix .. 'm:' .. repo, prefix .. 'x:m:' .. repo)
end

-- Drops the copies of at most `count` repositories; true if nothing is left.
local function dropSnapshot(count)
  for _, repo in ipairs(redis.call('SPOP', prefix .. 'x:kept', count)) do
    redis.call('UNLINK', prefix .. 'x:t:' .. repo, prefix .. 'x:m:' .. repo)
  end
  if redis.call('EXISTS', prefix .. 'x:kept') == 1 then return false end
  for _, name in ipairs({ 'repos', 'scopes', 'listed', 'keys', 'pending' }) do
    redis.call('UNLINK', prefix .. 'x:' .. name)
  end
  redis.call('HDEL', META, 'export', 'exportUntil')
  return true
end
