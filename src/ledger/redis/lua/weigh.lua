-- Weighs an observation against a row: weigh.ts, restated. After clock.lua, for record.lua.

local maxLatenessMs = 600000

local function given(value)
  if value == nil or value == null then return nil end
  return value
end

-- Cached in the observation: it is needed some five times.
local function stampOf(o)
  local stamp = o.stamp
  if stamp then return stamp end
  stamp = given(o.keptAt) or now
  if o.looked == true and o.waited ~= true then
    stamp = math.max(math.floor(now - (given(o.ageMs) or 0)), given(o.keptAt) or 0)
  end
  o.stamp = stamp
  return stamp
end

-- Decided now, as it came: it does not wait.
local function believe(o)
  o.keptAt, o.waited = stampOf(o), true
end

-- Times after saidAt, up to this one, make it late.
local function latestBinding(saidAt)
  return saidAt > wall and math.huge or math.max(wall, saidAt + maxLatenessMs)
end

local function isLate(o, row)
  local saidAt = o.saidAt
  if row.saidBy ~= o.origin or not given(saidAt) or not given(row.saidAt) then return false end
  return saidAt < row.saidAt and row.saidAt <= latestBinding(saidAt)
end

local function weigh(o, row)
  local stamp = stampOf(o)
  local believedAt = row.asOf > now and 0 or row.asOf
  if o.looked == true then
    local basis = given(o.basedOn)
    local hasChanged = basis and row.sequence and row.sequence > basis
    return (stamp < believedAt or hasChanged) and 'older' or 'newer'
  end
  if isLate(o, row) then return 'older' end
  if given(o.keptAt) then return stamp < believedAt and 'older' or 'newer' end
  local saidAt, lookedAt = given(o.saidAt), given(row.lookedAt)
  if not saidAt or not lookedAt then return 'newer' end
  if saidAt > wall then return saidAt <= now and saidAt < lookedAt and 'unsure' or 'newer' end
  return now - (wall - saidAt) < lookedAt and 'unsure' or 'newer'
end

-- The stamp as of which the observation certainly was true.
local function certainAt(o)
  local stamp, saidAt = stampOf(o), given(o.saidAt)
  if o.looked == true or not saidAt then return stamp end
  return math.min(stamp, now - (wall - saidAt))
end

-- The same of one that says what was known; `known`: the stamp so far, or null.
local function confirmedAt(known, o)
  local earlier = given(known)
  return math.max(earlier and earlier <= now and earlier or 0, certainAt(o))
end

local function happenedAt(o)
  local saidAt = given(o.saidAt) or (given(o.keptAt) or stampOf(o)) - clock.skewMs
  return math.floor(math.min(saidAt, wall))
end

-- Notes in the new row when, and by whom, it was believed. `old`: the previous row, or nil.
local function remembering(row, o, old)
  local stamp = stampOf(o)
  row.asOf = (old == nil or old.asOf > now) and stamp or math.max(stamp, old.asOf)
  local lookedAt = old and given(old.lookedAt)
  if o.looked == true then lookedAt = math.max(stamp, lookedAt or 0) end
  row.lookedAt = lookedAt and math.min(lookedAt, now) or null
  if not given(o.saidAt) or old and isLate(o, old) then
    row.saidAt, row.saidBy = old and old.saidAt or null, old and old.saidBy or null
  else
    row.saidAt, row.saidBy = o.saidAt, o.origin
  end
  return row
end
