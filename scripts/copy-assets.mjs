// tsc copies no Lua: scripts are read from beside the compiled module that runs them.
import { cpSync } from 'node:fs';

for (const room of ['redis', 'ledger/redis', 'cluster/redis'])
  cpSync(`src/${room}/lua`, `dist/${room}/lua`, { recursive: true });
