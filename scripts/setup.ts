/** `npm run setup`: installs the programs that the tests use. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isInstalled, missingParts, optionalParts, programFile } from '../test/support/parts.ts';
import { installParts } from './install-parts.ts';

// Ctrl-C ends apt, not this process, which must still remove the policy file.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => {});

installParts({
  missing: missingParts,
  withoutModules: () =>
    optionalParts.filter(({ program }) => programFile(program) !== null && !isInstalled(program)),
  has: isInstalled,
  isRoot: process.getuid?.() === 0,
  exists: existsSync,
  run(command) {
    console.log(`> ${command.join(' ')}`);
    const [program = '', ...args] = command;
    return spawnSync(program, args, { stdio: 'inherit' }).status === 0;
  },
  say: (line) => console.log(line),
});
