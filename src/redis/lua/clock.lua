-- The ledger's own time, as in ledger-clock.ts. After common.lua and admit.lua or guard.lua, in every script that
-- needs a time. From here on `now` is the ledger's stamp and `wall` the server's time.
--
-- A stamp runs at the pace of the server's clock and never falls. If that clock steps back, or a server with another
-- clock takes over, the skew keeps the difference. The clock is stored when it stepped, with each stamp that is kept,
-- and once a second.
--
-- meta  stampedAt: the newest stamp, skewMs: how far stamps are ahead of the server's clock, steppedAt: the newest
--       stamp before that clock last stepped back, recordedAt

local wall = now
local noteEveryMs = 1000
-- Gateways ask every few seconds: a clock that advanced by more was set.
local leapMs = 10000
local clock = { stampedAt = wall, skewMs = 0, steppedAt = 0 }

local function noteClock()
  redis.call('HSET', META, 'stampedAt', whole(clock.stampedAt), 'skewMs', whole(clock.skewMs), 'steppedAt',
    whole(clock.steppedAt))
end

local function readClock()
  local found = storedClock or redis.call('HMGET', META, 'epoch', 'stampedAt', 'skewMs', 'steppedAt', 'recordedAt')
  local function number(i) return tonumber(found[i] or 0) or 0 end
  -- Without a stored stamp an earlier version wrote: its stamps were times up to recordedAt.
  local notedAt = math.max(number(2), number(5))
  clock.skewMs, clock.steppedAt = number(3), number(4)
  clock.stampedAt = wall + clock.skewMs
  if clock.stampedAt < notedAt then
    clock.steppedAt, clock.stampedAt = notedAt, notedAt + 1
    clock.skewMs = clock.stampedAt - wall
    if found[1] then noteClock() end
    return
  end
  local gapMs = clock.stampedAt - notedAt
  if clock.skewMs > 0 and notedAt > 0 and gapMs > leapMs then
    -- The server's clock was corrected.
    clock.stampedAt = math.max(notedAt + 1, wall + math.max(0, clock.skewMs - gapMs))
    clock.skewMs, clock.steppedAt = clock.stampedAt - wall, notedAt
    if found[1] then noteClock() end
  elseif found[1] and gapMs >= noteEveryMs then
    noteClock()
  end
end

readClock()
now = clock.stampedAt
