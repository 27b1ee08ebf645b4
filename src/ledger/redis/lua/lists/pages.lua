-- What the lists share. After keys.lua; writes nothing.
--
-- Each returns { rows of four: registry, repository, tag, row; place where the next page begins, of three and a time,
-- empty on the last page; rows looked at }

local rows, found, looked, last = {}, 0, 0, {}

-- `known`: its row, if it was read.
local function addTag(registry, repository, tag, known)
  local row = known or redis.call('HGET', prefix .. 't:' .. registry .. '/' .. repository, tag)
  if not row then return end
  local count = #rows
  rows[count + 1], rows[count + 2], rows[count + 3], rows[count + 4] = registry, repository, tag, row
  found = found + 1
end

-- The first of these tags, at most 1,000 in all; one call of Redis a row would take twice as long.
local function addTags(registry, repository, tags, count)
  if count == 0 then return end
  local texts = redis.call('HMGET', prefix .. 't:' .. registry .. '/' .. repository, unpack(tags, 1, count))
  local at = #rows
  for i = 1, count do
    -- '' for a lost row, which the reader reports: leaving the tag out would say that it is gone.
    rows[at + 1], rows[at + 2], rows[at + 3], rows[at + 4] = registry, repository, tags[i], texts[i] or ''
    at = at + 4
  end
  found = found + count
end

-- The same without their rows.
local function addNames(registry, repository, tags, count)
  for i = 1, count do
    local at = #rows
    rows[at + 1], rows[at + 2], rows[at + 3], rows[at + 4] = registry, repository, tags[i], ''
  end
  found = found + count
end

local function place(registry, repository, tag, at)
  last = { registry, repository, tag, at or '0' }
end

local function page(hasMore)
  return { rows, hasMore and last or {}, looked }
end

-- Calls visit for each repository in call.spans, until it returns false; returns whether it came to the end.
local function eachMember(visit)
  for _, span in ipairs(call.spans) do
    if not span[2] then
      if not visit(span[1]) then return false end
    else
      local low = span[1] == '' and '-' or '[' .. span[1]
      local high = span[2] == '' and '+' or '(' .. span[2]
      repeat
        local members = call.isDesc and redis.call('ZRANGE', REPOS, high, low, 'BYLEX', 'REV', 'LIMIT', 0, 100)
          or redis.call('ZRANGE', REPOS, low, high, 'BYLEX', 'LIMIT', 0, 100)
        for _, member in ipairs(members) do
          if not visit(member) then return false end
          if call.isDesc then high = '(' .. member else low = '(' .. member end
        end
      until #members < 100
    end
  end
  return true
end
