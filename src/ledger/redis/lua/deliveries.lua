-- Delivery keys, for record.lua and defer.lua. After clock.lua. ARGV[1] also has maxDeliveryKeys and maxAgeMs.

local function isDuplicate(key, windowMs)
  local score = redis.call('ZSCORE', DELIVERIES, key)
  if not score then return false end
  local at = math.floor(tonumber(score) / 1000)
  if now - at > call.maxAgeMs then return false end
  if windowMs == nil or windowMs == null then return true end
  -- A window that began before the clock stepped is over, because it cannot be measured.
  return at > clock.steppedAt and now - at < windowMs
end

local deliveryOrder = nil

local function remember(key)
  deliveryOrder = deliveryOrder or tonumber(redis.call('HGET', META, 'deliveryOrder') or 0)
  deliveryOrder = math.max(deliveryOrder + 1, now * 1000)
  redis.call('ZADD', DELIVERIES, whole(deliveryOrder), key)
  redis.call('HSET', META, 'deliveryOrder', whole(deliveryOrder))
  if redis.call('ZCARD', DELIVERIES) > call.maxDeliveryKeys then redis.call('ZPOPMIN', DELIVERIES) end
end
