// tsc copies no Lua: the Redis ledger reads its scripts from beside its compiled module.
import { cpSync, existsSync } from 'node:fs';

if (existsSync('src/ledger/lua')) cpSync('src/ledger/lua', 'dist/ledger/lua', { recursive: true });
