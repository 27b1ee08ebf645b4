/**
 * A process to be killed. It records into the ledger at argv[2] (a file, or redis://…), from several senders at
 * once, and prints `<sequence> <tag>` for each change only after it was acknowledged. It stops only by a signal.
 * With a number at argv[4] it keeps that many changes, and trims all the time.
 */
import { writeSync } from 'node:fs';
import { openRedisLedger } from '../../src/ledger/redis/redis.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite/sqlite.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { tagSeen } from './ledger-samples.ts';

const senders = 8;
const [, , path = '', run = '', kept] = process.argv;
const options = {
  clock: systemClock,
  random: Math.random,
  retention: { maxChanges: Number(kept ?? 1_000_000), maxAgeMs: 86_400_000 },
};
const ledger = path.startsWith('redis:')
  ? // Small steps, so that a kill can hit the middle of a trim.
    await openRedisLedger({ ...options, url: path, limits: { maxTrimmedAtOnce: 20 } })
  : await openSqliteLedger({ ...options, path });

async function send(sender: number): Promise<never> {
  for (let n = 0; ; n++) {
    const { changes } = await ledger.record([tagSeen(`r${run}.s${sender}.n${n}`, `word ${n}`, Date.now())]);
    for (const { sequence, tag } of changes) writeSync(1, `${sequence} ${tag}\n`);
  }
}
async function trim(): Promise<never> {
  for (;;) await ledger.trim();
}
if (kept !== undefined) void trim();
await Promise.all(Array.from({ length: senders }, (_, sender) => send(sender)));
