/** A process that starts a command while it has no free file descriptor, and prints why it failed, then how a second one ended. */
import { closeSync, openSync } from 'node:fs';
import { systemClock } from '../../src/lib/clock.ts';
import { ProcessRunner } from '../../src/target/call/process.ts';

const runner = new ProcessRunner({ clock: systemClock, environment: {} });
const run = () =>
  runner.run({ command: [process.execPath, '-e', ''], env: {}, input: 'x' }, new AbortController().signal);

const open: number[] = [];
try {
  for (;;) open.push(openSync('/dev/null', 'r'));
} catch {
  // Now there is none left.
}
const failure = await run().catch(String);
// What the failed start leaves for later happens before the next one.
await new Promise(setImmediate);
for (const descriptor of open) closeSync(descriptor);
process.stdout.write(`${JSON.stringify([failure, await run()])}\n`);
