/**
 * The hub without sockets: 100,000 subscriptions over 10,000 repositories. It prints how many changes a second
 * pass through when none, and when ten, subscribers wait for each, and so shows that a change costs only what its
 * own subscribers cost.
 *
 *   npx node load-tests/hub.ts [--subscriptions 100000] [--repositories 10000] [--globs 10] [--changes 1000000]
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { loadConfig } from '../src/config/config.ts';
import type { Change } from '../src/event/change.ts';
import { parseFilter } from '../src/event/filter.ts';
import type { Grant } from '../src/event/grant.ts';
import { Hub, type HubOptions } from '../src/fanout/hub.ts';
import type { Encoding, Sink } from '../src/fanout/sink.ts';
import type { TailEvent } from '../src/ledger/ledger.ts';
import { openMemoryLedger } from '../src/ledger/memory/memory.ts';
import { systemClock } from '../src/lib/clock.ts';
import { noLog } from '../src/lib/log.ts';
import { noMetrics } from '../src/lib/metrics.ts';
import { systemRandom } from '../src/lib/random.ts';
import { hrMs } from './bench/control.ts';
import { writeResults } from './bench/results-file.ts';
import { alignedTable } from './bench/table.ts';

const host = 'registry.example.com';
/** Below the hub's own limit of queued changes. */
const batchSize = 5_000;
const warmUpChanges = 50_000;

const { values } = parseArgs({
  options: {
    subscriptions: { type: 'string', default: '100000' },
    repositories: { type: 'string', default: '10000' },
    globs: { type: 'string', default: '10' },
    changes: { type: 'string', default: '1000000' },
  },
});
const repositories = Number(values.repositories);
const changes = Number(values.changes);

type HubLedger = HubOptions['ledger'];

/** A ledger of which only the tail works, to measure the hub without the cost of storing. */
async function openTailOnly(): Promise<{ ledger: HubLedger; say: (event: TailEvent) => void }> {
  const stored = await openMemoryLedger({
    retention: { maxChanges: 1_000, maxAgeMs: 60_000 },
    clock: systemClock,
    random: systemRandom,
  });
  let listener: (event: TailEvent) => void = () => {};
  const ledger: HubLedger = {
    bounds: () => stored.bounds(),
    read: (after, limit, filter) => stored.read(after, limit, filter),
    seek: (time) => stored.seek(time),
    listTags: (query) => stored.listTags(query),
    tail(hear) {
      listener = hear;
      return () => {};
    },
  };
  return { ledger, say: (event) => listener(event) };
}

let deliveries = 0;
const bytes = Buffer.from('x');
const encoding: Encoding = { transport: 'sse', format: 'manifeed', change: () => bytes };
const sink: Sink = {
  encoding,
  address: '',
  write() {
    deliveries += 1;
    return true;
  },
  tell: () => true,
  beat() {},
  end() {},
};

const everything: Grant = {
  name: 'all',
  key: 'all',
  owner: null,
  patterns: ['**'],
  admin: false,
  metrics: false,
  unpaced: true,
  allows: () => true,
};

function subscribe(hub: Hub, repository: string): void {
  const subscriber = hub.connect({
    sink,
    grant: everything,
    paced: false,
    conflate: false,
  });
  const filter = parseFilter({ repository: [repository] }, { defaultRegistry: host, maxRepositories: 1 });
  hub.subscribe(subscriber, { id: '', filter, start: { kind: 'live' }, snapshot: false });
}

const { ledger, say } = await openTailOnly();
const { epoch } = await ledger.bounds();
const hub = await Hub.open({
  ledger,
  interests: loadConfig({ env: {} }).limits,
  pace: { deliveriesPerSecond: 1_000, maxWindowMs: 60_000, burst: 0, exceptions: [], priority: [] },
  clock: systemClock,
  random: systemRandom,
  metrics: noMetrics,
  log: noLog,
});
const heapBefore = process.memoryUsage().heapUsed;
for (let i = 0; i < Number(values.subscriptions); i++) subscribe(hub, `${host}/team/app-${i % repositories}`);
const heapPerSubscription = (process.memoryUsage().heapUsed - heapBefore) / Number(values.subscriptions);
for (let i = 0; i < Number(values.globs); i++) subscribe(hub, `${host}/glob-${i}/**`);

let sequence = 0;
function change(repository: string): Change {
  const now = Date.now();
  return {
    ...{ epoch, sequence: ++sequence, type: 'tag.updated', registry: host, repository, tag: 'latest' },
    ...{ digest: null, previousDigest: null, mediaType: null, size: null },
    ...{ occurredAt: now, recordedAt: now, origin: 'bench' },
  };
}

/** Changes per second through the hub, and deliveries per change. */
async function pass(count: number, repositoryOf: (i: number) => string) {
  deliveries = 0;
  let elapsedMs = 0;
  for (let done = 0; done < count; done += batchSize) {
    const batch = Array.from({ length: Math.min(batchSize, count - done) }, (_, i) =>
      change(repositoryOf(done + i)),
    );
    const startedAt = hrMs();
    say({ kind: 'changes', changes: batch });
    while (hub.head.sequence < sequence || hub.fanningOut) await nextTurn();
    elapsedMs += hrMs() - startedAt;
  }
  return { changesPerSecond: (count * 1000) / elapsedMs, deliveriesPerChange: deliveries / count };
}

const missing = (i: number) => `team/other-${i % repositories}`;
const present = (i: number) => `team/app-${i % repositories}`;
await pass(Math.min(changes, warmUpChanges), missing);
await pass(Math.min(changes, warmUpChanges), present);
const none = await pass(changes, missing);
const some = await pass(Math.ceil(changes / 5), present);
hub.close();

process.stdout.write(
  `${alignedTable([
    ['changes that', 'deliveries each', 'changes/s'],
    ['nobody waits for', String(none.deliveriesPerChange), none.changesPerSecond.toFixed(0)],
    ['some wait for', some.deliveriesPerChange.toFixed(1), some.changesPerSecond.toFixed(0)],
  ])}\n\n${values.subscriptions} subscriptions over ${repositories} repositories and ${values.globs} globs, ${heapPerSubscription.toFixed(0)} bytes of heap each\n\n`,
);
process.stderr.write(
  `written to ${await writeResults('hub', { options: values, none, some, heapPerSubscription })}\n`,
);
