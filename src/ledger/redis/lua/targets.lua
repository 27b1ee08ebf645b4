-- Where targets are, who serves them, and what is wanted of them: target-table.ts, restated. After keys.lua, intact.lua,
-- admit.lua and clock.lua.
--
-- targets  hash name -> checksum (8 characters), and JSON, list of texts: [fence, stamp at which the lease ends (0:
--          released), stamp of the last claim or renewal, holder, cursor (cursor-codec.ts), number of the wish, paused
--          ('1' or ''), disabled, goTo ("<epoch>-<sequence> <number>" or ''), replay]; disabled and replay: '' for null,
--          else '=' and the text
-- meta     targets: how many rows there must be. With fewer, the key or rows of it were lost: a name without a row is
--          then taken for one of these, and its cursor is lost too
--
-- ARGV[1]  also has op, maxTargets, maxLeaseMs, and of the op: leaseMs, holder, maxAgeMs
-- ARGV[2]  JSON, by op:
--            claim    [name, …]               → rows of those that are given; error TARGETS <known> <new>: no room
--            renew    [[name, fence], …]      → rows of those that are still the caller's
--            save     [[name, fence, cursor, number of the goTo that it follows or ''], …]  → '1' or '0' of each
--            release  [[name, fence], …]
--            wish     [name, paused, disabled, goTo "<epoch>-<sequence>", replay]; null: as it was → the row, or none
--            list                             → all rows
--            import   [[name, row as in targets], …]  takes the place of all rows; error NOTEMPTY <head>
--            trim                             forgets rows that nobody holds, claimed before maxAgeMs
-- Rows are flat, 12 texts each: name, fence, '1' if it is new, holder or '', how long the lease lasts, how long ago it
--          was claimed or '' (not known), then as stored from the cursor on

local TARGETS = prefix .. 'targets'
local FENCE, UNTIL, SEEN, HOLDER, CURSOR, NUMBER, PAUSED, DISABLED, GOTO, REPLAY = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local lostCursor = ' 0 '

local refusal = foreignKey(TARGETS, 'hash')
if refusal then return redis.error_reply(refusal) end

local function newRow(cursor)
  return { '0', '0', whole(now), '', cursor, '0', '', '', '', '' }
end

local function isRow(row)
  if type(row) ~= 'table' or #row ~= REPLAY then return false end
  for i = 1, REPLAY do
    if type(row[i]) ~= 'string' then return false end
  end
  return tonumber(row[FENCE]) and tonumber(row[UNTIL]) and tonumber(row[SEEN]) and tonumber(row[NUMBER])
end

-- A damaged row is a row without a holder, whose cursor is lost. Nobody has its fence.
local function decodeRow(text)
  local json = string.sub(text, 9)
  if string.sub(text, 1, 8) == sumOf(json) then
    local isList, row = pcall(cjson.decode, json)
    if isList and isRow(row) then return row end
  end
  return newRow(lostCursor)
end

local function readTarget(name)
  local text = redis.call('HGET', TARGETS, name)
  return text and decodeRow(text) or nil
end

local function writeTarget(name, row)
  local json = cjson.encode(row)
  redis.call('HSET', TARGETS, name, sumOf(json) .. json)
end

local function readAll()
  local rows, flat = {}, redis.call('HGETALL', TARGETS)
  for i = 1, #flat, 2 do rows[flat[i]] = decodeRow(flat[i + 1]) end
  return rows
end

local function setCount(count)
  redis.call('HSET', META, 'targets', whole(count))
end

-- How many rows there must be.
local function counted()
  return math.max(tonumber(redis.call('HGET', META, 'targets') or 0) or 0, redis.call('HLEN', TARGETS))
end

local function forget(name)
  setCount(counted() - 1)
  redis.call('HDEL', TARGETS, name)
end

-- A lease that ends later than any can was given by a clock that was lost.
local function isHeld(row)
  local left = tonumber(row[UNTIL]) - now
  return left > 0 and left <= call.maxLeaseMs
end

-- The row, if the fence is its newest.
local function ofLease(name, fence)
  local row = readTarget(name)
  return row and row[FENCE] == fence and fence ~= '0' and row or nil
end

local shown = {}

local function show(name, row, isNew)
  local holds, seenAt = isHeld(row), tonumber(row[SEEN])
  local isMeasurable = seenAt <= now and (seenAt > clock.steppedAt or clock.steppedAt == 0)
  local first = {
    name, row[FENCE], isNew and '1' or '', holds and row[HOLDER] or '',
    holds and whole(tonumber(row[UNTIL]) - now) or '0', isMeasurable and whole(now - seenAt) or '',
  }
  for _, text in ipairs(first) do shown[#shown + 1] = text end
  for i = CURSOR, REPLAY do shown[#shown + 1] = row[i] end
end

-- Makes room for names that are new. Returns a refusal or nil.
local function makeRoom(isAsked, fresh)
  local known = redis.call('HLEN', TARGETS)
  local excess = known + fresh - call.maxTargets
  if fresh == 0 or excess <= 0 then return nil end
  local free = {}
  for name, row in pairs(readAll()) do
    if not isAsked[name] and not isHeld(row) then free[#free + 1] = { name = name, seenAt = tonumber(row[SEEN]) } end
  end
  if #free < excess then return 'TARGETS ' .. whole(known) .. ' ' .. whole(fresh) end
  table.sort(free, function(a, b) return a.seenAt < b.seenAt end)
  for i = 1, excess do forget(free[i].name) end
  return nil
end

local function claim(names)
  local isAsked, distinct, rows, fresh = {}, {}, {}, 0
  for _, name in ipairs(names) do
    if not isAsked[name] then
      isAsked[name], distinct[#distinct + 1] = true, name
      rows[name] = readTarget(name)
      if not rows[name] then fresh = fresh + 1 end
    end
  end
  local noRoom = makeRoom(isAsked, fresh)
  if noRoom then return redis.error_reply(noRoom) end
  local count, have = counted(), redis.call('HLEN', TARGETS)
  for _, name in ipairs(distinct) do
    local row, isNew = rows[name], false
    if not row then
      isNew = have >= count
      row = newRow(isNew and meta.epoch .. ' ' .. whole(meta.head) .. ' ' or lostCursor)
      have = have + 1
      count = math.max(count, have)
    end
    if not isHeld(row) or row[HOLDER] == call.holder then
      row[FENCE] = whole(math.max(tonumber(row[FENCE]) + 1, now))
      row[UNTIL], row[SEEN], row[HOLDER] = whole(now + call.leaseMs), whole(now), call.holder
      writeTarget(name, row)
      show(name, row, isNew)
    end
  end
  setCount(count)
  noteClock()
  return shown
end

local function renew(held)
  for _, lease in ipairs(held) do
    local row = ofLease(lease[1], lease[2])
    if row and row[UNTIL] ~= '0' then
      row[UNTIL], row[SEEN] = whole(now + call.leaseMs), whole(now)
      writeTarget(lease[1], row)
      show(lease[1], row)
    end
  end
  noteClock()
  return shown
end

local function save(moves)
  local saved = {}
  for i, move in ipairs(moves) do
    local row = ofLease(move[1], move[2])
    saved[i] = row and '1' or '0'
    if row then
      row[CURSOR] = move[3]
      if move[4] ~= '' and string.match(row[GOTO], ' (%d+)$') == move[4] then row[GOTO] = '' end
      writeTarget(move[1], row)
    end
  end
  return saved
end

local function release(held)
  for _, lease in ipairs(held) do
    local row = ofLease(lease[1], lease[2])
    if row then
      row[UNTIL] = '0'
      writeTarget(lease[1], row)
    end
  end
  return {}
end

local function wish(change)
  local name, paused, disabled, goTo, replay = unpack(change)
  local row = readTarget(name)
  if not row then return {} end
  local number = whole(tonumber(row[NUMBER]) + 1)
  row[NUMBER] = number
  if paused ~= null then row[PAUSED] = paused end
  if disabled ~= null then row[DISABLED] = disabled end
  if goTo ~= null then row[GOTO] = goTo == '' and '' or goTo .. ' ' .. number end
  if replay ~= null then row[REPLAY] = replay end
  writeTarget(name, row)
  show(name, row)
  return shown
end

local function list()
  for name, row in pairs(readAll()) do show(name, row) end
  return shown
end

local function import(rows)
  if meta.head > 0 then return redis.error_reply('NOTEMPTY ' .. whole(meta.head)) end
  redis.call('DEL', TARGETS)
  for _, each in ipairs(rows) do
    local name, row = each[1], each[2]
    row[SEEN] = whole(now)
    writeTarget(name, row)
  end
  setCount(#rows)
  return {}
end

local function trim()
  local before = now - call.maxAgeMs
  -- Over a step back of the clock, ages are not known.
  if clock.steppedAt > 0 and clock.steppedAt >= before then return {} end
  for name, row in pairs(readAll()) do
    if tonumber(row[SEEN]) < before and not isHeld(row) then forget(name) end
  end
  return {}
end

local ops = {
  claim = claim, renew = renew, save = save, release = release, wish = wish, list = list, import = import, trim = trim,
}
return ops[call.op](cjson.decode(ARGV[2]))
