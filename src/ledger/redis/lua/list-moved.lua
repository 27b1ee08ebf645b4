-- One page of the present tags, by last move. After keys.lua, tagged.lua and lists.lua; writes nothing.
--
-- ARGV[1]  also has orders: lists { key without prefix, what precedes its members in a name }; within: null or as for
--          isWithin; after: null or { registry, repository, tag, updatedAt }, isDesc, limit, maxLooked
-- Returns  as lists.lua

local after = call.after ~= null and call.after
local afterName = after and after[1] .. ' ' .. after[2] .. ' ' .. after[3]
local perOrder = math.floor(call.maxLooked / #call.orders)
if call.within == null then perOrder = math.min(perOrder, call.limit + 1) end

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

local function comesFirst(a, b)
  if a.at ~= b.at then
    if call.isDesc then return a.at > b.at end
    return a.at < b.at
  end
  if call.isDesc then return precedes(b.name, a.name) end
  return precedes(a.name, b.name)
end

local lists = {}
for i, order in ipairs(call.orders) do
  lists[i] = readOrder(prefix .. order[1], order[2])
  lists[i].next, lists[i].mayGoOn = 1, #lists[i] == perOrder
  looked = looked + #lists[i]
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
  if call.within == null or isWithin(entry.name) then addTag(registry, repository, tag) end
  place(registry, repository, tag, entry.text)
end
