-- Which repositories are asked for, where an order has others too. After keys.lua.
--
-- ARGV[1]  also has within: null, { below = list of the beginnings of names } or { members = list of
--          "registry repository" }; a name is "registry repository tag"

local members = {}
if call.within ~= null then
  for _, member in ipairs(call.within.members or {}) do members[member] = true end
end

local function isWithin(name)
  if call.within == null then return true end
  for _, beginning in ipairs(call.within.below or {}) do
    if string.sub(name, 1, #beginning) == beginning then return true end
  end
  return members[string.match(name, '^%S+ %S+')] == true
end
