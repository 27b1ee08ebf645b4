/**
 * The cost of a ledger in Redis: changes a second from several gateways, time from one gateway to another,
 * commands per change and per idle gateway, memory per change and per tag. It starts a redis-server, and one
 * process for each gateway.
 *
 *   npx node load-tests/redis.ts [--gateways 4] [--seconds 10] [--batch 16] [--calls 32] [--idle 10]
 */
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openRedisCluster } from '../src/cluster/redis/cluster.ts';
import { parseDigest } from '../src/event/digest.ts';
import type { TagObserved } from '../src/event/observation.ts';
import { openRedisLedger, type SharedLedger } from '../src/ledger/redis/redis.ts';
import { systemClock } from '../src/lib/clock.ts';
import { type RedisNode, startRedis } from '../test/support/redis.ts';

const { values } = parseArgs({
  options: {
    gateways: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '10' },
    /** Observations in one `record` call. */
    batch: { type: 'string', default: '16' },
    /** `record` calls under way per gateway. */
    calls: { type: 'string', default: '32' },
    idle: { type: 'string', default: '10' },
    /** Set for a gateway's process: the server's URL. */
    url: { type: 'string' },
    mode: { type: 'string' },
  },
});
const repositoryCount = 1_000;
const tagsPerRepository = 100;

const open = (url: string): Promise<SharedLedger> =>
  openRedisLedger({
    ...{ url, clock: systemClock, random: Math.random },
    retention: { maxChanges: 10_000_000, maxAgeMs: 30 * 86_400_000 },
  });

/** Each push has a new digest, so that each makes a change. */
function push(name: string, n: number): TagObserved {
  const digest = parseDigest(`sha256:${createHash('sha256').update(`${name}-${n}`).digest('hex')}`);
  const tag = n % (repositoryCount * tagsPerRepository);
  return {
    ...{ kind: 'tag', registry: 'registry.example.com', origin: 'webhook:load', saidAt: Date.now() },
    repository: `team-${Math.floor(tag / tagsPerRepository) % 50}/service-${Math.floor(tag / tagsPerRepository)}`,
    ...{ tag: `1.0.${tag % tagsPerRepository}`, digest, size: 1_234 },
    mediaType: 'application/vnd.oci.image.index.v1+json',
  };
}

/** Keeps `calls` record calls under way for `seconds`, and reports how many changes it made. */
async function runGateway(url: string): Promise<void> {
  const ledger = await open(url);
  let heard = 0;
  ledger.tail((event) => {
    if (event.kind === 'changes') heard += event.changes.length;
  });
  const before = (await ledger.bounds()).head;
  process.send?.('ready');
  await once(process, 'message');
  const name = String(process.pid);
  const batch = Number(values.batch);
  const latenciesMs: number[] = [];
  let made = 0;
  let next = 0;
  const end = performance.now() + Number(values.seconds) * 1_000;
  const worker = async () => {
    while (performance.now() < end) {
      const observations = Array.from({ length: batch }, () => push(name, next++));
      const startedAt = performance.now();
      const { changes } = await ledger.record(observations);
      made += changes.length;
      latenciesMs.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: Number(values.calls) }, worker));
  const { head } = await ledger.bounds();
  const stoppedAt = performance.now();
  while (heard < head - before) await systemClock.sleep(10);
  const behindMs = performance.now() - stoppedAt;
  latenciesMs.sort((a, b) => a - b);
  const medianMs = latenciesMs[Math.floor(latenciesMs.length / 2)] ?? 0;
  process.send?.({ made, behindMs, medianMs });
  await once(process, 'message');
  await ledger.close();
}

/** An idle gateway with everything that it runs besides the ledger. */
async function runIdle(url: string): Promise<void> {
  const ledger = await open(url);
  const cluster = await openRedisCluster(ledger.redis);
  const schedule = cluster.scheduleFor('registry.example.com');
  process.send?.('ready');
  await once(process, 'message');
  await Promise.all([cluster.close(), schedule.close()]);
  await ledger.close();
}

interface Result {
  readonly made: number;
  /** How long after the end its tail had received everything, ms. */
  readonly behindMs: number;
  readonly medianMs: number;
}

async function forkGateways(url: string, mode: string) {
  const children = Array.from({ length: Number(values.gateways) }, () =>
    fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), '--url', url, '--mode', mode]),
  );
  await Promise.all(children.map((child) => once(child, 'message')));
  const stop = async () => {
    for (const child of children) child.send('stop');
    await Promise.all(children.map((child) => once(child, 'exit')));
  };
  return { children, stop };
}

/** Counts the clients' commands, a script as one, and all commands, those within scripts included. */
async function commandCounts(redis: RedisNode) {
  const info = await redis.admin.info('commandstats');
  const calls = new Map<string, number>();
  for (const [, name = '', count = ''] of info.matchAll(/cmdstat_([^:]+):calls=(\d+)/g))
    calls.set(name, Number(count));
  const evals = (calls.get('evalsha') ?? 0) + (calls.get('eval') ?? 0);
  const all = [...calls.values()].reduce((sum, count) => sum + count, 0);
  return { evals, all, ping: calls.get('ping') ?? 0 };
}

async function usedMemory(redis: RedisNode): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.admin.info('memory'))?.[1]);
}

async function measureThroughput(redis: RedisNode): Promise<void> {
  const { children, stop } = await forkGateways(redis.url, 'load');
  await redis.admin.config('RESETSTAT');
  const replies = children.map((child) => once(child, 'message'));
  for (const child of children) child.send('go');
  const results = (await Promise.all(replies)).map(([result]) => result as Result);
  const { evals, all } = await commandCounts(redis);
  const cpu = await redis.admin.info('cpu');
  await stop();
  const made = results.reduce((sum, result) => sum + result.made, 0);
  console.log(`changes/s from ${children.length} gateways     ${Math.round(made / Number(values.seconds))}`);
  console.log(
    `record calls, median ms        ${results.map(({ medianMs }) => medianMs.toFixed(1)).join(' ')}`,
  );
  console.log(
    `heard all after, ms            ${results.map(({ behindMs }) => behindMs.toFixed(0)).join(' ')}`,
  );
  console.log(`scripts per change             ${(evals / made).toFixed(4)}`);
  console.log(`commands within, per change    ${(all / made).toFixed(1)}`);
  console.log(`Redis CPU                      ${/used_cpu_user:([\d.]+)/.exec(cpu)?.[1]} s user in all`);
}

async function measureIdle(redis: RedisNode): Promise<void> {
  const { children, stop } = await forkGateways(redis.url, 'idle');
  await redis.admin.config('RESETSTAT');
  await systemClock.sleep(Number(values.idle) * 1_000);
  const { evals, ping } = await commandCounts(redis);
  await stop();
  const perSecond = (evals + ping) / children.length / Number(values.idle);
  console.log(`commands per idle gateway-second  ${perSecond.toFixed(2)} (scripts and pings)`);
}

/** From a push at one gateway to the tail of another one, both otherwise idle. */
async function measureLatency(redis: RedisNode): Promise<void> {
  const [a, b] = [await open(redis.url), await open(redis.url)];
  let heardAt: (() => void) | null = null;
  b.tail(() => heardAt?.());
  const takenMs: number[] = [];
  for (let n = 0; n < 2_000; n += 1) {
    const heard = new Promise<void>((resolve) => {
      heardAt = resolve;
    });
    const startedAt = performance.now();
    await Promise.all([a.record([push('latency', n)]), heard]);
    takenMs.push(performance.now() - startedAt);
    await systemClock.sleep(1);
  }
  takenMs.sort((x, y) => x - y);
  const at = (share: number) => (takenMs[Math.floor(takenMs.length * share)] ?? 0).toFixed(2);
  console.log(`push at one, heard at another  median ${at(0.5)} ms, p99 ${at(0.99)} ms`);
  await Promise.all([a.close(), b.close()]);
}

async function measureMemory(redis: RedisNode): Promise<void> {
  await redis.admin.flushall();
  const ledger = await open(redis.url);
  const empty = await usedMemory(redis);
  const tags = repositoryCount * tagsPerRepository;
  const silently = { silent: true };
  for (let from = 0; from < tags; from += 500)
    await ledger.record(
      Array.from({ length: 500 }, (_, i) => ({ ...push('memory', from + i), ...silently })),
    );
  const filled = await usedMemory(redis);
  console.log(
    `bytes per tag (${tags} in ${repositoryCount} repositories)  ${Math.round((filled - empty) / tags)}`,
  );
  await ledger.close();
  const log = await redis.admin.memory('USAGE', '{manifeed}:log', 'SAMPLES', 0);
  if (log !== null) throw new Error('measure memory: silent first looks made changes');
  await redis.admin.flushall();
  const again = await open(redis.url);
  for (let from = 0; from < tags; from += 500)
    await again.record(Array.from({ length: 500 }, (_, i) => push('memory', from + i)));
  const stream = Number(await redis.admin.memory('USAGE', '{manifeed}:log', 'SAMPLES', 0));
  console.log(`bytes per change in the stream ${Math.round(stream / tags)}`);
  await again.close();
}

async function main(): Promise<void> {
  const redis = await startRedis();
  try {
    await measureIdle(redis);
    await measureLatency(redis);
    await measureThroughput(redis);
    await measureMemory(redis);
  } finally {
    await redis.stop();
  }
}

if (values.url === undefined) await main();
else if (values.mode === 'idle') await runIdle(values.url);
else await runGateway(values.url);
