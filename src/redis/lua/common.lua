-- Begins every script: the names of the keys, the call and the time.
--
-- KEYS[1]  <prefix>meta, a hash. The prefix holds a hash tag, so that all keys made from it live in one Cluster slot.
-- ARGV[1]  JSON: schema, now (ms; null: the server's time), and what the script itself wants

local META = KEYS[1]
local prefix = string.sub(META, 1, -5)
local null = cjson.null
local call = cjson.decode(ARGV[1])

local function readNow()
  if call.now ~= null then return call.now end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local now = readNow()
-- What clock.lua reads, if a part before it has read it already.
local storedClock = nil

-- Lua itself would write whole numbers beyond 14 digits as 1e+15. %d is fast, but has 32 bits on some servers.
local wholeFormat = string.format('%d', 2 ^ 52) == '4503599627370496' and '%d' or '%.0f'

local function whole(number)
  return string.format(wholeFormat, number)
end
