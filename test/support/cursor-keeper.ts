/**
 * A process to be killed. It serves two targets from the ledger at argv[2] (a file, or redis://…) under the name
 * argv[3] (with Redis, below the prefix argv[4]): it moves both cursors on by one, again and again, and prints the new `low` only after it was acknowledged. It
 * stops only by a signal.
 */
import { writeSync } from 'node:fs';
import type { HeldTarget } from '../../src/ledger/cursors.ts';
import { openRedisLedger } from '../../src/ledger/redis/redis.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite/sqlite.ts';
import { systemClock } from '../../src/lib/clock.ts';

const [, , path = '', holder = '', keyPrefix = 'manifeed'] = process.argv;
const names = ['a', 'b'];
const leaseMs = 1_000;
const options = {
  clock: systemClock,
  random: Math.random,
  retention: { maxChanges: 1_000, maxAgeMs: 86_400_000 },
};
const ledger = path.startsWith('redis:')
  ? await openRedisLedger({ ...options, url: path, keyPrefix })
  : await openSqliteLedger({ ...options, path });

let held: readonly HeldTarget[] = [];
while (held.length < names.length) held = await ledger.cursors.claimTargets(names, holder, leaseMs);
let { low } = held[0]?.cursor ?? { low: 0 };
for (;;) {
  low += 1;
  const moves = held.map((target) => ({ ...target, cursor: { ...target.cursor, low, done: [low + 2] } }));
  const saved = await ledger.cursors.saveCursors(moves);
  if (saved.includes(false))
    throw new Error(`move to ${low}: the fence is not the newest: nobody else claims`);
  writeSync(1, `${low}\n`);
  await ledger.cursors.renewTargets(held, leaseMs);
}
