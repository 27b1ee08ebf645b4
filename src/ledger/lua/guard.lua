-- After common.lua, in scripts that write beside the ledger: refuses where a newer version has been.

local foundSchema = redis.call('HGET', META, 'schema')
if foundSchema and tonumber(foundSchema) > call.schema then return redis.error_reply('SCHEMA ' .. foundSchema) end
