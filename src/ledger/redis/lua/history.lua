-- The changes of a repository or of one of its tags, newest first: each entry of the stream says which one came before
-- it. After keys.lua; writes nothing.
--
-- ARGV[1]  also has registry, repository, tag (null: all), types (null: all), before (null: from the newest), limit,
--          maxLooked
-- Returns  { entries of the stream; sequence where the next page begins, '' on the last; rows looked at; sequence of an
--          entry that is missing or not of the chain, or '' }

local floor, head = unpack(redis.call('HMGET', META, 'floor', 'head'))
floor, head = tonumber(floor or 0), tonumber(head or 0)
local repo = call.registry .. '/' .. call.repository
local before = call.before ~= null and call.before or head + 1
local types = nil
if call.types ~= null then
  types = {}
  for _, kind in ipairs(call.types) do types[kind] = true end
end
local looked, wrong = 0, ''

local function sequenceOf(id)
  return tonumber(string.match(id, '^%d+'))
end

local entries = {}

local function newest()
  if call.tag == null then return tonumber(redis.call('HGET', LAST, repo) or 0) end
  local text = redis.call('HGET', prefix .. 't:' .. repo, call.tag)
  local isList, row = pcall(cjson.decode, text or '')
  return isList and type(row) == 'table' and tonumber(row[8]) or 0
end

local function isOfChain(entry)
  local isList, row = pcall(cjson.decode, entry and entry[2][2] or '')
  if not isList or type(row) ~= 'table' or row[3] ~= call.registry or row[4] ~= call.repository then return nil end
  return (call.tag == null or row[5] == call.tag) and row[2] or nil
end

-- Returns the entry, its type, and the sequence before it; nil if it is not of the chain.
local function readEntry(sequence)
  local id = whole(sequence) .. '-0'
  local entry = redis.call('XRANGE', LOG, id, id)[1]
  looked = looked + 1
  local kind = isOfChain(entry)
  local inTag, inRepository = string.match(entry and entry[2][6] or '', '^(%d+) (%d+)$')
  local previous = tonumber((call.tag == null and inRepository or inTag) or 0)
  -- A chain only goes back.
  if not kind or previous >= sequence then return nil end
  return entry, kind, previous
end

-- Where the page begins: the newest change of the chain before `before`; 0 if there is none; nil if it was not found
-- within half of the rows: then the page has none, and the next one goes on from the second result.
local function start()
  if before <= head and before > floor then
    local entry, _, previous = readEntry(before)
    if entry then return previous end
  end
  local sequence = newest()
  while sequence >= before and sequence > floor do
    if looked * 2 >= call.maxLooked then
      local scanned = redis.call('XREVRANGE', LOG, whole(before - 1) .. '-0', whole(floor + 1) .. '-0', 'COUNT',
        math.max(1, call.maxLooked - looked - 1))
      for _, entry in ipairs(scanned) do
        looked = looked + 1
        if isOfChain(entry) then return sequenceOf(entry[1]) end
      end
      local last = scanned[#scanned]
      return nil, last and sequenceOf(last[1]) > floor + 1 and whole(sequenceOf(last[1])) or ''
    end
    local entry, _, previous = readEntry(sequence)
    if not entry then
      wrong = whole(sequence)
      return 0
    end
    sequence = previous
  end
  return sequence
end

local sequence, elsewhere = start()
if not sequence then return { entries, elsewhere, looked, '' } end
local last = nil
while sequence > floor and wrong == '' do
  if #entries == call.limit or last and looked >= call.maxLooked then
    return { entries, whole(last), looked, '' }
  end
  local entry, kind, previous = readEntry(sequence)
  if not entry then
    wrong = whole(sequence)
  else
    if not types or types[kind] then entries[#entries + 1] = entry end
    last, sequence = sequence, previous
  end
end
return { entries, '', looked, wrong }
