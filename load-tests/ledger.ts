/**
 * The cost of the SQLite ledger: fill, reopen, seek, read, record.
 *
 *   npx node load-tests/ledger.ts [--changes 5000000] [--seconds 10] [--path FILE (kept afterwards)]
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseDigest } from '../src/event/digest.ts';
import type { TagObserved } from '../src/event/observation.ts';
import type { Ledger } from '../src/ledger/ledger.ts';
import { openSqliteLedger } from '../src/ledger/sqlite/sqlite.ts';
import { systemClock } from '../src/lib/clock.ts';

const { values } = parseArgs({
  options: {
    changes: { type: 'string', default: '5000000' },
    seconds: { type: 'string', default: '10' },
    path: { type: 'string' },
  },
});
const changes = Number(values.changes);
const recordForMs = Number(values.seconds) * 1_000;
const folder = values.path === undefined ? mkdtempSync(join(tmpdir(), 'manifeed-load-')) : null;
const path = values.path ?? join(folder ?? '', 'manifeed.db');
const repositoryCount = 5_000;
const tagsPerRepository = 200;

const open = () =>
  openSqliteLedger({
    path,
    clock: systemClock,
    random: Math.random,
    retention: { maxChanges: 10_000_000, maxAgeMs: 30 * 86_400_000 },
  });

/** The n-th push. Each has a new digest, so that each makes a change. */
function push(n: number): TagObserved {
  const digest = parseDigest(`sha256:${createHash('sha256').update(String(n)).digest('hex')}`);
  if (digest === null) throw new Error('make a push: the digest is malformed');
  const repository = n % repositoryCount;
  return {
    kind: 'tag',
    registry: 'registry.example.com:5000',
    repository: `team-${repository % 100}/app-${repository}`,
    tag: `1.${Math.floor(n / repositoryCount) % tagsPerRepository}`,
    digest,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    size: 10_229,
    saidAt: Date.now(),
    origin: 'webhook:load',
  };
}

function report(what: string, figure: string): void {
  process.stdout.write(`${what.padEnd(52)} ${figure}\n`);
}

async function timed<T>(what: string, run: () => Promise<T>, times = 1): Promise<T> {
  const takenMs: number[] = [];
  let result = await measure(run, takenMs);
  for (let i = 1; i < times; i++) result = await measure(run, takenMs);
  takenMs.sort((a, b) => a - b);
  const median = takenMs[Math.floor(takenMs.length / 2)] ?? 0;
  report(
    what,
    `${median.toFixed(2)} ms${times > 1 ? ` (median of ${times}, max ${takenMs.at(-1)?.toFixed(2)})` : ''}`,
  );
  return result;
}

async function measure<T>(run: () => Promise<T>, takenMs: number[]): Promise<T> {
  const startedAt = performance.now();
  const result = await run();
  takenMs.push(performance.now() - startedAt);
  return result;
}

async function fill(ledger: Ledger, from: number): Promise<void> {
  const atOnce = 1_000;
  let next = from;
  const startedAt = performance.now();
  const lane = async () => {
    while (next < changes) {
      const first = next;
      next += atOnce;
      await ledger.record(
        Array.from({ length: Math.min(atOnce, changes - first) }, (_, i) => push(first + i)),
      );
      if (first % 500_000 === 0) process.stderr.write(`filled ${first}\n`);
    }
  };
  await Promise.all([lane(), lane(), lane()]);
  const seconds = (performance.now() - startedAt) / 1_000;
  if (changes > from)
    report(`fill ${changes - from} changes, 1,000 a call`, `${Math.round((changes - from) / seconds)}/s`);
}

/** Records one observation per call, as webhooks do. Each of `connections` senders waits for its answer. */
async function recordOneByOne(ledger: Ledger, connections: number, base: number): Promise<void> {
  const takenMs: number[] = [];
  let n = base;
  const startedAt = performance.now();
  const sender = async () => {
    while (performance.now() - startedAt < recordForMs)
      await measure(() => ledger.record([push(n++)]), takenMs);
  };
  await Promise.all(Array.from({ length: connections }, sender));
  const seconds = (performance.now() - startedAt) / 1_000;
  takenMs.sort((a, b) => a - b);
  const at = (q: number) => (takenMs[Math.floor(takenMs.length * q)] ?? 0).toFixed(2);
  report(
    `record one a call, ${connections} at once`,
    `${Math.round(takenMs.length / seconds)}/s, median ${at(0.5)} ms, p99 ${at(0.99)} ms`,
  );
}

let ledger = await open();
await fill(ledger, (await ledger.bounds()).head);
await ledger.close();
report('file', `${(statSync(path).size / 2 ** 20).toFixed(0)} MiB`);
ledger = await timed('open', open);
const { head } = await ledger.bounds();
const times = await Promise.all(
  Array.from(
    { length: 50 },
    async (_, i) => (await ledger.read(Math.floor((head * i) / 50), 1)).changes[0]?.recordedAt ?? 0,
  ),
);
let turn = 0;
await timed('seek by time', () => ledger.seek(times[turn++ % 50] ?? 0), 50);
const anywhere = () => Math.floor(((turn++ % 50) / 50) * (head - 2_000));
await timed('read a page of 1,000', () => ledger.read(anywhere(), 1_000), 50);
await timed('read a page of 100', () => ledger.read(anywhere(), 100), 50);
const some = (count: number) => ({
  repositories: Array.from({ length: count }, (_, i) => `registry.example.com:5000/team-${i}/app-${i}`),
});
await timed('read 100 of one repository, by index', () => ledger.read(anywhere(), 100, some(1)), 50);
await timed('read 100 of ten repositories, by index', () => ledger.read(anywhere(), 100, some(10)), 50);
await timed(
  'read 100 of fifty repositories, one bounded scan',
  () => ledger.read(anywhere(), 100, some(50)),
  50,
);
await timed('a page of 1,000 tags', () => ledger.listTags({ limit: 1_000 }), 20);
await timed('check', () => ledger.check(), 20);
await recordOneByOne(ledger, 1, head);
await recordOneByOne(ledger, 64, head + 10_000_000);
await ledger.close();
if (folder !== null) rmSync(folder, { recursive: true });
