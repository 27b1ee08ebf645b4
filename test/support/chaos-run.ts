/** Wreaks chaos in a seeded order for a while, heals everything, and holds the outcome to what was promised. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../src/lib/random.ts';
import { type Act, acts } from './chaos-acts.ts';
import { handovers } from './chaos-doors.ts';
import type { Push } from './chaos-pusher.ts';
import type { ChaosSubscriber } from './chaos-subscriber.ts';
import { type ChaosWorld, openChaosWorld, pollIntervalMs } from './chaos-world.ts';
import { poll } from './long-poll-client.ts';
import { until } from './redis.ts';
import type { WireChange } from './stream-client.ts';

export interface ChaosRunOptions {
  readonly seconds: number;
  /** Played even where the time is over before. */
  readonly leastActs: number;
  readonly seed: number;
  readonly subscribers: number;
  readonly minReplicas: number;
  /** Acts by name; default: all. */
  readonly only?: readonly string[];
  readonly say?: (line: string) => void;
}

export interface ChaosReport {
  readonly acts: readonly string[];
  /** Every broken promise; empty is what is wanted. */
  readonly violations: readonly string[];
  readonly acknowledged: number;
  readonly retries: number;
  readonly changes: number;
  readonly repeats: number;
  readonly connections: number;
  readonly resets: number;
  readonly looks: number;
}

interface Played {
  readonly act: Act;
  /** ms since the epoch */
  readonly from: number;
  readonly to: number;
}

/** Acknowledged in the calm before and after: nobody may miss any of these, and nobody may be told a reset. */
const calmPushes = 20;
const calmTimeoutMs = 60_000;
/** How long after an act its effects on who polls may still show: the longest lease, ms. */
const leaseMs = 15_000;

/** Uniform numbers that are the same for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export async function runChaos(options: ChaosRunOptions): Promise<ChaosReport> {
  const random = seeded(options.seed);
  // Subscribers and balancers draw as often as they happen to need to: from a sequence of their own.
  const world = await openChaosWorld({ ...options, random: seeded(options.seed + 1) });
  try {
    await until('all subscribers to be there', () =>
      world.subscribers.every(({ standsAt }) => standsAt !== null),
    );
    world.pusher.start();
    await acknowledgedMore(world, calmPushes);
    const played = await play(world, random, options);
    await acknowledgedMore(world, calmPushes);
    await world.pusher.stop();
    const behind = await allAtHead(world);
    return await judge(world, played, behind, options);
  } finally {
    await world.close();
  }
}

async function acknowledgedMore({ pusher }: ChaosWorld, count: number): Promise<void> {
  const before = pusher.acknowledged.length;
  const isDone = () => pusher.acknowledged.length >= before + count;
  await until(`${count} pushes to be acknowledged`, isDone, calmTimeoutMs);
}

/** All acts in a shuffled order, again and again, with breaths between them. */
async function play(world: ChaosWorld, random: Random, options: ChaosRunOptions): Promise<Played[]> {
  const end = performance.now() + options.seconds * 1_000;
  const mine = acts.filter(
    ({ name, losesAll }) =>
      (options.only?.includes(name) ?? true) && !(options.minReplicas > 0 && losesAll === true),
  );
  const played: Played[] = [];
  for (let order: Act[] = []; performance.now() < end || played.length < options.leastActs; ) {
    if (order.length === 0) order = shuffled(mine, random);
    const act = order.pop();
    if (act === undefined) break;
    const from = Date.now();
    await act.run(world, random);
    played.push({ act, from, to: Date.now() });
    options.say?.(`${act.name}: ${Date.now() - from} ms`);
    await sleep(200 + random() * 1_500);
  }
  return played;
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** Waits until everybody stands at the head; resolves with who does not. */
async function allAtHead({ subscribers, cluster }: ChaosWorld): Promise<ChaosSubscriber[]> {
  const head = await headOf(cluster.at(0).port);
  const behind = () => subscribers.filter(({ standsAt }) => standsAt !== head);
  await until('all to be at the head', () => behind().length === 0, calmTimeoutMs).catch(() => {});
  return behind();
}

async function headOf(port: number): Promise<string> {
  const { next } = await poll(port, '/v2/updates?type=*&n=1');
  return new URL(next ?? '', 'http://localhost').searchParams.get('after') ?? '';
}

async function judge(
  world: ChaosWorld,
  played: readonly Played[],
  behind: readonly ChaosSubscriber[],
  options: ChaosRunOptions,
): Promise<ChaosReport> {
  const { subscribers, pusher, doors, cluster } = world;
  const sum = (of: (one: ChaosSubscriber) => number) =>
    subscribers.reduce((total, one) => total + of(one), 0);
  const log = await readLog(cluster.at(0).port);
  return {
    acts: played.map(({ act }) => act.name),
    violations: [
      ...subscribers.flatMap(({ violations }) => violations),
      ...behind.map(({ name, standsAt }) => `${name} stands at ${standsAt}: must be at the head`),
      ...subscribers.flatMap((one) => missed(one, pusher.acknowledged, log)),
      ...judgeLog(log, pusher.acknowledged, options.minReplicas > 0),
      ...judgePolls(world, played),
    ],
    acknowledged: pusher.acknowledged.length,
    retries: pusher.retries,
    changes: sum(({ changes }) => changes),
    repeats: sum(({ repeats }) => repeats),
    connections: sum(({ connections }) => connections),
    resets: sum(({ resets }) => resets),
    looks: doors.log.length,
  };
}

/**
 * What was acknowledged and not seen, though no reset spoke of it: one tells of all before its position, and of what
 * the ledger lost until then.
 */
function missed(one: ChaosSubscriber, acknowledged: readonly Push[], log: readonly WireChange[]): string[] {
  const sequences = new Map(log.map(({ digest, position }) => [digest, Number(position.split('-')[1])]));
  const { atMs, sequence: resetTo } = one.lastReset;
  const silent = acknowledged.filter(({ number, digest, acknowledgedAt }) => {
    const sequence = sequences.get(digest);
    const isTold = sequence === undefined ? (acknowledgedAt ?? 0) <= atMs : sequence <= resetTo;
    return !one.saw.has(number) && !isTold;
  });
  if (silent.length === 0) return [];
  return [
    `${one.name} missed ${silent.length} pushes, the first is ${silent[0]?.number}, and was told nothing`,
  ];
}

/** The whole ledger as a late subscriber would read it. */
async function readLog(port: number): Promise<WireChange[]> {
  const head = await headOf(port);
  const changes: WireChange[] = [];
  let after = `${head.split('-')[0]}-0`;
  while (after !== head) {
    const answer = await poll(port, `/v2/updates?type=*&n=1000&after=${after}&pace=none`);
    if (answer.status !== 200 || answer.next === null)
      throw new Error(`read the ledger after ${after}: ${answer.status} ${answer.body.slice(0, 300)}`);
    changes.push(...(JSON.parse(answer.body) as WireChange[]));
    const next = new URL(answer.next, 'http://localhost').searchParams.get('after') ?? '';
    if (next === after) throw new Error(`read the ledger after ${after}: no more, must reach ${head}`);
    after = next;
  }
  return changes;
}

function judgeLog(log: readonly WireChange[], acknowledged: readonly Push[], isComplete: boolean): string[] {
  const violations: string[] = [];
  const sequences = log.map(({ position }) => Number(position.split('-')[1]));
  if (sequences.some((sequence, n) => sequence !== n + 1)) violations.push('the ledger is not dense');
  const times = new Map<string, number>();
  for (const { digest } of log) if (digest !== null) times.set(digest, (times.get(digest) ?? 0) + 1);
  const twice = acknowledged.filter(({ digest }) => (times.get(digest) ?? 0) > 1);
  if (twice.length > 0) violations.push(`${twice.length} pushes made more than one change`);
  const lost = acknowledged.filter(({ digest }) => !times.has(digest));
  if (isComplete && lost.length > 0)
    violations.push(`${lost.length} acknowledged pushes are lost, the first is ${lost[0]?.number}`);
  return violations;
}

/** Nobody polls what another one has just polled, but where leases were lost. */
function judgePolls({ doors }: ChaosWorld, played: readonly Played[]): string[] {
  const isExcused = (at: number) =>
    played.some(({ act, from, to }) => act.losesLeases && at >= from && at <= to + leaseMs);
  return handovers(doors.log)
    .filter(({ gapMs, at }) => gapMs < pollIntervalMs / 2 && !isExcused(at))
    .map(({ repository, from, to, gapMs }) => `${repository}: gateway ${to} ${gapMs} ms after ${from}`);
}
