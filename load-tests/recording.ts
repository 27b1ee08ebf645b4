/**
 * The CPU time that recording costs, per change: groups of changes, and lone pushes, in SQLite or Redis. With
 * `--against`, the code of another checkout is measured by turns with this one, so that both meet the same machine.
 *
 *   npx node load-tests/recording.ts [--ledger sqlite] [--against DIR] [--rounds 5] [--groups 20000] [--pushes 2000]
 *
 * Each round is a process of its own, on a new ledger with 20,000 tags. Each push moves a tag to a new digest.
 */
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Digest, parseDigest } from '../src/event/digest.ts';
import type { TagObserved } from '../src/event/observation.ts';
import type { Ledger } from '../src/ledger/ledger.ts';
import { systemClock } from '../src/lib/clock.ts';
import { type RedisNode, startRedis } from '../test/support/redis.ts';
import { alignedTable } from './bench/table.ts';

const { values } = parseArgs({
  options: {
    /** `sqlite` or `redis`. */
    ledger: { type: 'string', default: 'sqlite' },
    against: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    /** Changes in calls of 16, of which 32 are under way. */
    groups: { type: 'string', default: '20000' },
    /** Changes in calls of one, one after the other. */
    pushes: { type: 'string', default: '2000' },
    /** Set for the process of a round: the checkout whose code it measures. */
    source: { type: 'string' },
  },
});
const isRedis = values.ledger === 'redis';
const here = fileURLToPath(new URL('..', import.meta.url));
const repositoryCount = 200;
const tagCount = 20_000;
const batch = 16;
const calls = 32;

/** CPU time of one kind of recording, µs per change. */
interface Cost {
  readonly gateway: number;
  /** 0 without Redis. */
  readonly redis: number;
}
type Round = Readonly<Record<'groups' | 'pushes', Cost>>;

function digestOf(n: number): Digest {
  const digest = parseDigest(`sha256:${createHash('sha256').update(String(n)).digest('hex')}`);
  if (digest === null) throw new Error('make a push: the digest is malformed');
  return digest;
}

/** The n-th push. Each makes a change. */
function push(n: number): TagObserved {
  const repository = n % repositoryCount;
  return {
    ...{ kind: 'tag', registry: 'registry.example.com:5000', digest: digestOf(n), size: 10_229 },
    repository: `team-${repository % 20}/app-${repository}`,
    tag: `1.${Math.floor((n % tagCount) / repositoryCount)}`,
    ...{ mediaType: 'application/vnd.oci.image.index.v1+json', saidAt: Date.now(), origin: 'webhook:load' },
  };
}

const pushes = (from: number, count: number) => Array.from({ length: count }, (_, i) => push(from + i));

async function inGroups(ledger: Ledger, from: number, count: number): Promise<void> {
  let next = from;
  const lane = async () => {
    while (next < from + count) {
      const first = next;
      next += batch;
      await ledger.record(pushes(first, batch));
    }
  };
  await Promise.all(Array.from({ length: calls }, lane));
}

async function oneByOne(ledger: Ledger, from: number, count: number): Promise<void> {
  for (let n = from; n < from + count; n += 1) await ledger.record([push(n)]);
}

/** The CPU time of this process and of Redis until now, µs. */
async function cpuTime(redis: RedisNode | null): Promise<Cost> {
  const { user, system } = process.cpuUsage();
  const info = (await redis?.admin.info('cpu')) ?? '';
  const seconds = [...info.matchAll(/^used_cpu_(?:user|sys):([\d.]+)/gm)].map(([, text]) => Number(text));
  return { gateway: user + system, redis: seconds.reduce((sum, each) => sum + each, 0) * 1e6 };
}

async function costOf(redis: RedisNode | null, count: number, run: () => Promise<void>): Promise<Cost> {
  const before = await cpuTime(redis);
  await run();
  const after = await cpuTime(redis);
  return { gateway: (after.gateway - before.gateway) / count, redis: (after.redis - before.redis) / count };
}

/** Opens a new ledger with the code of `source`, and measures it. */
async function measure(source: string): Promise<Round> {
  const folder = mkdtempSync(join(tmpdir(), 'manifeed-load-'));
  const redis = isRedis ? await startRedis() : null;
  const load = (path: string) => import(pathToFileURL(join(source, path)).href);
  const retention = { maxChanges: 10_000_000, maxAgeMs: 30 * 86_400_000 };
  const common = { clock: systemClock, random: Math.random, retention };
  const ledger: Ledger =
    redis === null
      ? await (await load('src/ledger/sqlite/sqlite.ts')).openSqliteLedger({
          ...common,
          path: join(folder, 'm.db'),
        })
      : await (await load('src/ledger/redis/redis.ts')).openRedisLedger({ ...common, url: redis.url });
  await inGroups(ledger, 0, tagCount);
  const [groups, lone] = [Number(values.groups), Number(values.pushes)];
  const round = {
    groups: await costOf(redis, groups, () => inGroups(ledger, tagCount, groups)),
    pushes: await costOf(redis, lone, () => oneByOne(ledger, tagCount + 2 * groups, lone)),
  };
  await ledger.close();
  await redis?.stop();
  rmSync(folder, { recursive: true });
  return round;
}

async function roundOf(source: string): Promise<Round> {
  const child = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), '--source', source]);
  const [[round]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
  return round as Round;
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN;
}

async function main(): Promise<void> {
  const sources = [...(values.against === undefined ? [] : [resolve(values.against)]), here];
  const rounds = new Map(sources.map((source) => [source, [] as Round[]]));
  for (let i = 0; i < Number(values.rounds); i += 1)
    for (const source of sources) {
      const round = await roundOf(source);
      rounds.get(source)?.push(round);
      process.stderr.write(`${source} ${JSON.stringify(round)}\n`);
    }
  const rows = (['groups', 'pushes'] as const).flatMap((kind) =>
    [...rounds].map(([source, all]) => {
      const costs = all.map((round) => round[kind]);
      const sums = costs.map(({ gateway, redis }) => gateway + redis);
      const figures = [costs.map(({ gateway }) => gateway), costs.map(({ redis }) => redis), sums].map(
        median,
      );
      return [kind, source, ...figures.map((figure) => figure.toFixed(1))];
    }),
  );
  const heading = ['CPU µs per change', 'code', 'gateway', 'Redis', 'together'];
  process.stdout.write(`${alignedTable([heading, ...rows])}\n`);
}

if (values.source === undefined) await main();
else process.send?.(await measure(values.source), () => process.disconnect());
