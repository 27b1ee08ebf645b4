// tsc copies no Lua, but the compiled modules read their scripts from beside them.
import { cpSync } from 'node:fs';

for (const room of ['redis', 'ledger/redis', 'cluster/redis'])
  cpSync(`src/${room}/lua`, `dist/src/${room}/lua`, { recursive: true });
