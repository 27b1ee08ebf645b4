// tsc copies no Lua: the Redis ledger reads its scripts from beside its compiled module.
import { cpSync, existsSync } from 'node:fs';

if (existsSync('src/redis/lua')) cpSync('src/redis/lua', 'dist/redis/lua', { recursive: true });
