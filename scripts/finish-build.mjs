/** What tsc leaves to do in dist/. */
import { chmodSync, cpSync } from 'node:fs';

// The compiled modules read their Lua scripts from beside them.
for (const room of ['redis', 'ledger/redis', 'cluster/redis'])
  cpSync(`src/${room}/lua`, `dist/src/${room}/lua`, { recursive: true });

// npx runs this file itself. npm makes it executable when it installs the package, not after a later build.
chmodSync('dist/src/main.js', 0o755);
