-- The time of what gateways share beside the ledger. After clock.lua, in every script of the cluster. From here on
-- `now` is that time, and `aheadMs` how far it is ahead of the server's clock.
--
-- It runs at the pace of the server's clock, but a step of that clock does not move it. The ledger's own time follows a
-- step forward, because changes are dated by it. Here such a step would end every lease and pause, make every look
-- due, and count every gateway as gone.
--
-- Each gateway calls a script every second. So a gap of over 10 s is a step, or a time without gateways: it does not
-- count. At a step the time goes on from the last note, so what is measured lasts up to half a second longer.
--
-- steady  hash: at, this time when it was last noted; wall, the server's clock then

local steadyKey = prefix .. 'steady'
-- Longer than any gap between two calls, and shorter than leases.
local gapMs = 10000
local noteSteadyMs = 500

local noted = redis.call('HMGET', steadyKey, 'at', 'wall')
local notedAt, notedWall = tonumber(noted[1] or now) or now, tonumber(noted[2] or wall) or wall
local passedMs = wall - notedWall
local isStep = passedMs < 0 or passedMs > gapMs
now = isStep and notedAt or notedAt + passedMs
if isStep or passedMs >= noteSteadyMs or not noted[1] then
  redis.call('HSET', steadyKey, 'at', whole(now), 'wall', whole(wall))
end
local aheadMs = now - wall
