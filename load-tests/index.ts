/**
 * What the queries of a ledger cost when it is large: seeds it, then asks for tags at a digest, pages by name and by
 * last move, histories and states.
 *
 *   npx node load-tests/index.ts [--ledger redis] [--tags 1000000] [--changes 5000000] [--times 200]
 *
 * `--ledger redis` starts a redis-server; `--ledger redis://…` uses one, and seeds only what is missing.
 */
import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type Digest, parseDigest } from '../src/event/digest.ts';
import type { TagObserved } from '../src/event/observation.ts';
import type { Ledger } from '../src/ledger/ledger.ts';
import type { LedgerQueries } from '../src/ledger/queries.ts';
import { openRedisLedger } from '../src/ledger/redis/redis.ts';
import { systemClock } from '../src/lib/clock.ts';
import { startRedis } from '../test/support/redis.ts';

const { values } = parseArgs({
  options: {
    ledger: { type: 'string', default: 'redis' },
    tags: { type: 'string', default: '1000000' },
    changes: { type: 'string', default: '5000000' },
    times: { type: 'string', default: '200' },
  },
});
const tagCount = Number(values.tags);
const changeCount = Number(values.changes);
const times = Number(values.times);
const tagsPerRepository = 200;
const repositoryCount = Math.ceil(tagCount / tagsPerRepository);
const registry = 'registry.example.com:5000';

interface Opened {
  readonly ledger: Ledger & LedgerQueries;
  /** Bytes that the ledger takes. */
  readonly size: () => Promise<number>;
  readonly close: () => Promise<void>;
}

async function openLedger(): Promise<Opened> {
  const node = values.ledger === 'redis' ? await startRedis() : null;
  const ledger = await openRedisLedger({
    ...{ url: node?.url ?? values.ledger, clock: systemClock, random: Math.random },
    retention: { maxChanges: 10_000_000, maxAgeMs: 30 * 86_400_000 },
  });
  return {
    ledger,
    size: async () =>
      Number(
        /used_memory:(\d+)/.exec(
          await ledger.redis.commands.use('ask', (client) => client.info('memory')),
        )?.[1],
      ),
    close: async () => {
      await ledger.close();
      await node?.stop();
    },
  };
}

/** Three neighbours have one digest, in three repositories. */
function digestAt(n: number): Digest {
  const digest = parseDigest(
    `sha256:${createHash('sha256')
      .update(String(Math.floor(n / 3)))
      .digest('hex')}`,
  );
  if (digest === null) throw new Error('make a push: the digest is malformed');
  return digest;
}

function nameOf(tagNumber: number) {
  const repository = tagNumber % repositoryCount;
  return {
    ...{ registry, repository: `team-${repository % 100}/app-${repository}` },
    tag: `1.${Math.floor(tagNumber / repositoryCount)}`,
  };
}

/** The n-th push. Each makes a change. */
function push(n: number): TagObserved {
  return {
    ...{ kind: 'tag', ...nameOf(n % tagCount), digest: digestAt(n), size: 10_229, saidAt: Date.now() },
    mediaType: 'application/vnd.oci.image.index.v1+json',
    origin: 'webhook:load',
  };
}

async function seed(ledger: Ledger): Promise<void> {
  const from = (await ledger.bounds()).head;
  const startedAt = performance.now();
  let next = from;
  const lane = async () => {
    while (next < changeCount) {
      const first = next;
      next += 1_000;
      await ledger.record(
        Array.from({ length: Math.min(1_000, changeCount - first) }, (_, i) => push(first + i)),
      );
      if (first % 500_000 === 0) process.stderr.write(`seeded ${first}\n`);
    }
  };
  await Promise.all([lane(), lane(), lane()]);
  const seconds = (performance.now() - startedAt) / 1_000;
  if (changeCount > from) report('seed, changes a second', ((changeCount - from) / seconds).toFixed(0));
}

function report(what: string, figure: string): void {
  process.stdout.write(`${what.padEnd(58)} ${figure}\n`);
}

let turn = 0;
/** Spread over all, and not twice the same. */
const anywhere = (count: number) => Math.floor((turn++ * 0.618_033_988_749_895 * count) % count);

async function measure(what: string, ask: () => Promise<{ readonly length: number }>): Promise<void> {
  const takenMs: number[] = [];
  let rows = 0;
  for (let i = 0; i < times; i += 1) {
    const startedAt = performance.now();
    const found = await ask();
    takenMs.push(performance.now() - startedAt);
    rows += found.length;
  }
  takenMs.sort((a, b) => a - b);
  const at = (share: number) => (takenMs[Math.floor((takenMs.length - 1) * share)] ?? 0).toFixed(2);
  report(what, `median ${at(0.5)} ms, p99 ${at(0.99)} ms, ${(rows / times).toFixed(1)} rows`);
}

const { ledger, size, close } = await openLedger();
await seed(ledger);
report('size, MiB', ((await size()) / 2 ** 20).toFixed(0));

const anyTag = () => nameOf(anywhere(tagCount));
const oneRepository = () => {
  const { repository } = anyTag();
  return { repositories: [`${registry}/${repository}`] };
};
const someRepositories = () => ({
  repositories: Array.from({ length: 10 }, () => `${registry}/${anyTag().repository}`),
});
const { tags: newest } = await ledger.listTags({ sort: 'updated', order: 'desc', limit: 1 });
const { tags: oldest } = await ledger.listTags({ sort: 'updated', limit: 1 });
const [from, to] = [oldest[0]?.updatedAt ?? 0, newest[0]?.updatedAt ?? 0];
const anyMoment = () => ({ ...anyTag(), updatedAt: from + anywhere(to - from + 1) });
const limit = 100;

await measure('tags at a digest', async () => {
  const digest = digestAt(changeCount - 1 - anywhere(tagCount));
  return (await ledger.tagsAt({ digest, limit })).tags;
});
await measure('100 by name, of all, anywhere', async () => {
  return (await ledger.listTags({ after: { ...anyTag(), updatedAt: 0 }, limit })).tags;
});
await measure('100 by name, of one repository', async () => {
  return (await ledger.listTags({ within: oneRepository(), limit })).tags;
});
await measure('100 by last move, of all, anywhere', async () => {
  return (await ledger.listTags({ sort: 'updated', order: 'desc', after: anyMoment(), limit })).tags;
});
await measure('100 by last move, of one repository', async () => {
  return (await ledger.listTags({ within: oneRepository(), sort: 'updated', order: 'desc', limit })).tags;
});
await measure('100 by last move, of ten repositories', async () => {
  return (await ledger.listTags({ within: someRepositories(), sort: 'updated', order: 'desc', limit })).tags;
});
await measure('history of a tag', async () => (await ledger.history({ of: anyTag(), limit })).changes);
await measure('history of a repository', async () => {
  const { repository } = anyTag();
  return (await ledger.history({ of: { registry, repository }, limit })).changes;
});
await measure('states of 200 tags', () => ledger.states(Array.from({ length: 200 }, anyTag)));
await measure('100 repositories, anywhere', async () => {
  return (await ledger.listRepositories({ after: anyTag(), limit })).repositories;
});
await close();
