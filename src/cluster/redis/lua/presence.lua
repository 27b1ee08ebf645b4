-- Publishes how many paced subscribers each gateway has, every second. After steady.lua.
--
-- ARGV[1]  also has node, ttlMs, version, payload (null: unchanged) and known: { node: version that the caller has }
-- Returns  { '1' if Redis needs the payload again, node, version, payload or '', node, … } of the living gateways, by
--          name; a payload only if the caller has another version
--
-- crowd  zset node -> when it expires, ms; crowd:said  hash node -> "version payload"

local crowd, said = prefix .. 'crowd', prefix .. 'crowd:said'

local gone = redis.call('ZRANGEBYSCORE', crowd, '-inf', '(' .. whole(now), 'LIMIT', 0, 100)
for _, node in ipairs(gone) do
  redis.call('ZREM', crowd, node)
  redis.call('HDEL', said, node)
end
if call.ttlMs == 0 then
  redis.call('ZREM', crowd, call.node)
  redis.call('HDEL', said, call.node)
  return {}
end
redis.call('ZADD', crowd, whole(now + call.ttlMs), call.node)
if call.payload ~= null then redis.call('HSET', said, call.node, call.version .. ' ' .. call.payload) end

local reply = { redis.call('HEXISTS', said, call.node) == 1 and '0' or '1' }
local nodes = redis.call('ZRANGE', crowd, 0, -1)
table.sort(nodes)
for _, node in ipairs(nodes) do
  local text = redis.call('HGET', said, node)
  if text then
    local version, payload = string.match(text, '^(%d+) (.*)$')
    local at = #reply
    reply[at + 1], reply[at + 2] = node, version
    reply[at + 3] = call.known[node] == tonumber(version) and '' or payload
  end
end
return reply
