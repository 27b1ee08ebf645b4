-- What tells whether the tags of some repositories are those that were read before. After keys.lua; writes nothing.
--
-- ARGV[1]  also has repositories: list of "registry/repository"
-- Returns  { epoch, floor, head, for each three: number of tags, marks or '', sequence of its newest change that is kept
--          or '' }

local bounds = redis.call('HMGET', META, 'epoch', 'floor', 'head')
local floor = tonumber(bounds[2] or 0)
local found = {}
for _, repo in ipairs(call.repositories) do
  local sequence = redis.call('HGET', LAST, repo)
  local isKept = sequence and tonumber(sequence) > floor
  found[#found + 1] = whole(redis.call('ZCARD', prefix .. 'p:' .. repo))
  found[#found + 1] = redis.call('HGET', LISTED, repo) or ''
  found[#found + 1] = isKept and sequence or ''
end
return { bounds[1] or '', bounds[2] or '0', bounds[3] or '0', found }
