-- Limits how fast all gateways together ask one registry under one identity. After steady.lua.
--
-- ARGV[1]  also has budget (its name), rate (requests/s as configured), op and the arguments of the op:
--            take   wanted          → { granted, ms until one more }
--            pause  forMs
--            slow   slowRate, forMs
--
-- Two rules apply at once. Requests keep a distance of 1/rate, a twentieth of a second's worth at a time (GCRA), so
-- that no second is spent in one burst. That alone would allow rate + burst in one second. So the grants of the last
-- second are counted too, in at most 101 buckets, which cost 1 % of the rate.

local key = prefix .. 'budget:' .. call.budget
local bucketMs = 10
local burstsPerSecond = 20
-- The server forgets keys by its own clock. With a month more, a step of hours does not make it forget a pause.
local spareMs = 30 * 86400000

-- In microseconds: at 1,000 requests/s one millisecond is the whole distance.
local function exactNow()
  if call.now ~= null then return now end
  local time = redis.call('TIME')
  return time[1] * 1000 + time[2] / 1000 + aheadMs
end

local at = exactNow()
local text = redis.call('GET', key)
local state = text and cjson.decode(text) or { nextAt = 0, pausedUntil = 0, slowUntil = 0, slowRate = 0, sent = {} }
state.nextAt = tonumber(state.nextAt)
local rate = at < state.slowUntil and math.min(state.slowRate, call.rate) or call.rate
local unitMs = 1000 / rate
local perSecond = math.max(1, math.floor(rate))
local perBurst = math.max(1, math.floor(rate / burstsPerSecond))
local spanMs = perSecond * unitMs

local function save()
  local keepMs = math.max(spanMs + bucketMs, state.pausedUntil - at, state.slowUntil - at, state.nextAt - at)
  -- As a string: cjson writes 14 digits, which would round a time in ms to tenths.
  state.nextAt = string.format('%.3f', state.nextAt)
  redis.call('SET', key, cjson.encode(state), 'PX', whole(math.ceil(keepMs) + spareMs))
end

-- Requests of the last second, and when the oldest of them stop counting.
local function recent()
  local sum, kept = 0, {}
  for _, bucket in ipairs(state.sent) do
    if bucket[1] + bucketMs + spanMs > at then
      kept[#kept + 1] = bucket
      sum = sum + bucket[2]
    end
  end
  state.sent = kept
  return sum, kept[1] and kept[1][1] + bucketMs + spanMs or at
end

local function take()
  if at < state.pausedUntil then return 0, state.pausedUntil end
  local from = math.max(state.nextAt, at)
  local byDistance = math.floor((at - from) / unitMs + perBurst + 1e-6)
  local sum, oldestLeavesAt = recent()
  -- With bursts of one, the distances alone bound each second.
  local bySecond = perBurst == 1 and perSecond or perSecond - sum
  local granted = math.max(0, math.min(call.wanted, byDistance, bySecond))
  if granted > 0 then
    state.nextAt = from + granted * unitMs
    local bucket = math.floor(at / bucketMs) * bucketMs
    local last = state.sent[#state.sent]
    if last and last[1] == bucket then last[2] = last[2] + granted
    else state.sent[#state.sent + 1] = { bucket, granted } end
  end
  local again = math.max(state.nextAt, at) - (perBurst - 1) * unitMs
  if granted > 0 then save() end
  if perBurst > 1 and sum + granted >= perSecond then again = math.max(again, oldestLeavesAt) end
  return granted, again
end

if call.op == 'take' then
  local granted, again = take()
  return { granted, whole(math.max(1, math.ceil(again - at))) }
elseif call.op == 'pause' then
  state.pausedUntil = math.max(state.pausedUntil, at + call.forMs)
  save()
elseif call.op == 'slow' then
  state.slowUntil, state.slowRate = at + call.forMs, call.slowRate
  save()
end
