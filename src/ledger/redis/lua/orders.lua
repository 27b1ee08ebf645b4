-- Orders as a script knows them: written all at once by writeRows. After rows.lua and moves.lua, for record.lua,
-- import.lua and migrate.lua.
--
-- ARGV[1]  also has maxUnordered: present tags of a repository up to which it has no order u:<repo> of its own. Whoever
--          asks then sorts its rows: an order that changes at each move of a tag costs a twelfth of a commit

-- Orders whose scores and members are not written yet: of each repository, and of all ('moved' and 'repos', '').
local scored = { ['p:'] = {}, ['u:'] = {}, moved = {}, repos = {} }

local function writeScores(order, repo)
  local flat = scored[order][repo]
  if not flat then return end
  scored[order][repo] = nil
  local key = prefix .. order .. repo
  for from = 1, #flat, maxArguments do
    redis.call('ZADD', key, unpack(flat, from, math.min(from + maxArguments - 1, #flat)))
  end
end

-- `at`: the score as text.
local function score(order, repo, at, member)
  local flat = scored[order][repo]
  if not flat then
    scored[order][repo] = { at, member }
    return
  end
  local count = #flat
  flat[count + 1], flat[count + 2] = at, member
end

local function unscore(order, repo, member)
  writeScores(order, repo)
  redis.call('ZREM', prefix .. order .. repo, member)
end

-- Not made at once: import.lua writes below another prefix.
local function orderedHash()
  hashes.ordered = hashes.ordered or newHash(prefix .. 'ordered')
  return hashes.ordered
end

local function isOrdered(repo)
  return readRow(orderedHash(), repo) and true or false
end

-- Repositories that have more tags than before.
local grown = {}

-- Makes the order of a repository that has become large, from its rows.
local function orderIfLarge(repo)
  local present, count = prefix .. 'p:' .. repo, maxArguments / 2
  if isOrdered(repo) or redis.call('ZCARD', present) <= call.maxUnordered then return end
  redis.call('UNLINK', prefix .. 'u:' .. repo)
  local rows, from = hashOf('t', repo), 0
  repeat
    local tags = redis.call('ZRANGE', present, from, from + count - 1)
    rows.wanted = tags
    readAhead(rows)
    for _, tag in ipairs(tags) do
      local text = readRow(rows, tag)
      if text then score('u:', repo, updatedAtOf(text), tag) end
    end
    writeScores('u:', repo)
    from = from + count
  until #tags < count
  redis.call('HSET', orderedHash().key, repo, '1')
  orderedHash().known[repo] = '1'
end

local function writeRows()
  for _, hash in ipairs(hashes.all) do writeHash(hash) end
  for order, repos in pairs(scored) do
    for repo in pairs(repos) do writeScores(order, repo) end
  end
  for repo in pairs(grown) do orderIfLarge(repo) end
  grown = {}
end
