-- One page of the present tags, by last move. After keys.lua, moves.lua, tagged.lua, within.lua and pages.lua; writes
-- nothing.
--
-- ARGV[1]  also has members: null: all, or list of "registry repository" whose orders are merged if they are small;
--          within: null or as for isWithin; after: null or { registry, repository, tag, updatedAt }, isDesc, limit,
--          maxLooked
-- Returns  as pages.lua

local after = call.after ~= null and call.after
local afterName = after and after[1] .. ' ' .. after[2] .. ' ' .. after[3]

-- The orders to merge: { repo, what precedes its members in a name, number of tags, or nil if it is ordered }; nil if
-- it is the order of all that is to be read, of which isWithin takes what was asked for.
local function ordersOf(members)
  if members == null then return nil end
  local repos, orders, sorted, ordered = {}, {}, 0, 0
  for i, member in ipairs(members) do repos[i] = string.gsub(member, ' ', '/', 1) end
  local marks = redis.call('HMGET', ORDERED, unpack(repos))
  for i, repo in ipairs(repos) do
    local count = not marks[i] and redis.call('ZCARD', prefix .. 'p:' .. repo) or nil
    orders[i] = { repo, members[i] .. ' ', count }
    sorted, ordered = sorted + (count or 0), ordered + (count and 0 or 1)
  end
  -- Rows of the others that are read, of each; as much as all of these have.
  local perOrder = ordered > 0 and math.floor((call.maxLooked - sorted) / ordered) or 1
  if perOrder < 1 or #orders > 1 and sorted > call.maxLooked then return nil end
  return orders, perOrder
end

local orders, perOrder = ordersOf(call.members)
local isMerged = orders ~= nil
if not isMerged then
  orders, perOrder = { { false, '' } }, call.maxLooked
  if call.within == null then perOrder = math.min(perOrder, call.limit + 1) end
end

-- How many members come before the place, in ascending order; `isAfter`: and at it. Members of one time are in the
-- order of their bytes, and only their ranks can be asked for: a search by halves.
local function rankOf(key, before, isAfter)
  local at = whole(after[4])
  local low, high = redis.call('ZCOUNT', key, '-inf', '(' .. at), redis.call('ZCOUNT', key, '-inf', at)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local name = before .. redis.call('ZRANGE', key, middle, middle)[1]
    if precedes(name, afterName) or isAfter and name == afterName then low = middle + 1 else high = middle end
  end
  return low
end

local function comesFirst(a, b)
  if a.at ~= b.at then
    if call.isDesc then return a.at > b.at end
    return a.at < b.at
  end
  if call.isDesc then return precedes(b.name, a.name) end
  return precedes(a.name, b.name)
end

local function readOrder(key, before)
  local entries, flat = {}, {}
  local function add(member, at)
    entries[#entries + 1] = { at = tonumber(at), text = at, name = before .. member }
  end
  if call.isDesc then
    local to = after and rankOf(key, before, false) or redis.call('ZCARD', key)
    if to > 0 then flat = redis.call('ZRANGE', key, math.max(0, to - perOrder), to - 1, 'WITHSCORES') end
    for i = #flat - 1, 1, -2 do add(flat[i], flat[i + 1]) end
  else
    local from = after and rankOf(key, before, true) or 0
    flat = redis.call('ZRANGE', key, from, from + perOrder - 1, 'WITHSCORES')
    for i = 1, #flat, 2 do add(flat[i], flat[i + 1]) end
  end
  return entries
end

-- The tags and rows of a repository without an order, which are few; by name.
local function rowsOf(repo)
  local tags, rows = redis.call('ZRANGE', prefix .. 'p:' .. repo, 0, -1), {}
  for from = 1, #tags, 1000 do
    local some = redis.call('HMGET', prefix .. 't:' .. repo, unpack(tags, from, math.min(from + 999, #tags)))
    for i, row in ipairs(some) do rows[from + i - 1] = row end
  end
  return tags, rows
end

-- Sorts numbers alone, which is much faster than with a function that compares. Tags of one time are chained, in the
-- order that they have already.
local function readSorted(repo, before)
  local tags, rows = rowsOf(repo)
  local times, chains, following = {}, {}, {}
  for n = 1, #tags do
    local i = call.isDesc and n or #tags + 1 - n
    local at = rows[i] and tonumber(updatedAtOf(rows[i]))
    if at then
      if not chains[at] then times[#times + 1] = at end
      following[i], chains[at] = chains[at], i
    end
  end
  table.sort(times)
  local entries, start = {}, after and { at = after[4], name = afterName }
  for n = 1, #times do
    local at = times[call.isDesc and #times + 1 - n or n]
    local i = chains[at]
    while i do
      local entry = { at = at, text = whole(at), name = before .. tags[i], row = rows[i] }
      if not start or comesFirst(start, entry) then entries[#entries + 1] = entry end
      i = following[i]
    end
    -- The page ends before these do.
    if #entries > call.limit then return entries end
  end
  return entries
end

local lists = {}
for i, order in ipairs(orders) do
  local repo, before, count = unpack(order)
  local list = count and readSorted(repo, before) or readOrder(prefix .. (repo and 'u:' .. repo or 'moved'), before)
  list.next, list.mayGoOn = 1, not count and #list == perOrder
  looked = looked + (count or #list)
  lists[i] = list
end

-- The list with the entry that comes first; nil if there is none. 'unread' if one has ended that may go on: what comes
-- first is not known then.
local function firstList()
  local best = nil
  for _, list in ipairs(lists) do
    local entry = list[list.next]
    if not entry and list.mayGoOn then return 'unread' end
    if entry and (not best or comesFirst(entry, best[best.next])) then best = list end
  end
  return best
end

while true do
  local list = firstList()
  if not list then return page(false) end
  if list == 'unread' or found == call.limit then return page(true) end
  local entry = list[list.next]
  list.next = list.next + 1
  local registry, repository, tag = string.match(entry.name, '^(%S+) (%S+) (%S+)$')
  if isMerged or isWithin(entry.name) then addTag(registry, repository, tag, entry.row) end
  place(registry, repository, tag, entry.text)
end
