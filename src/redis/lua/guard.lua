-- Refuses if a newer version has written here. After common.lua, in scripts that write beside the ledger.

local foundSchema = redis.pcall('HGET', META, 'schema')
if type(foundSchema) == 'table' then
  return redis.error_reply('FOREIGN ' .. META .. ' ' .. redis.call('TYPE', META).ok .. ' hash')
end
if foundSchema and (tonumber(foundSchema) or 0) > call.schema then
  return redis.error_reply('SCHEMA ' .. foundSchema)
end
