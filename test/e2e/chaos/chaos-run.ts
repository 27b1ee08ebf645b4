/** Wreaks chaos in a seeded order for a while, heals everything, and holds the outcome to what was promised. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../../src/lib/random.ts';
import { until } from '../../support/until.ts';
import { type Act, acts } from './acts.ts';
import { allAtHead, judge, judgeMoved, type Played } from './judge.ts';
import type { ChaosSubscriber } from './subscriber.ts';
import { type ChaosWorld, openChaosWorld } from './world.ts';

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
  /** Acts that this machine can't play. */
  readonly leftOut: readonly string[];
  /** Every broken promise; empty is what is wanted. */
  readonly violations: readonly string[];
  readonly acknowledged: number;
  readonly retries: number;
  readonly changes: number;
  readonly repeats: number;
  readonly connections: number;
  readonly resets: number;
  readonly looks: number;
  /** Of tags in the polled registry. */
  readonly moves: number;
}

/** Acknowledged in the calm before and after: nobody may miss any of these, and nobody may be told a reset. */
const calmPushes = 20;
const calmTimeoutMs = 60_000;

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
    world.mover.start();
    await acknowledgedMore(world, calmPushes);
    const played = await play(world, random, options);
    await acknowledgedMore(world, calmPushes);
    await Promise.all([world.pusher.stop(), world.mover.stop()]);
    const unmoved = await judgeMoved(world);
    const behind = await allAtHead(world);
    const broken = await judge(world, played, behind, options.minReplicas > 0);
    return report(world, played, [...unmoved, ...broken]);
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
    (act) =>
      (options.only?.includes(act.name) ?? true) &&
      !(options.minReplicas > 0 && act.loses === 'all') &&
      !leftOut(world).includes(act.name),
  );
  const played: Played[] = [];
  for (let order: Act[] = []; performance.now() < end || played.length < options.leastActs; ) {
    if (order.length === 0) order = shuffled(mine, random);
    const act = order.pop();
    if (act === undefined) break;
    const from = Date.now();
    await act.run(world, random);
    played.push({ act, from, to: Date.now(), overAt: performance.now() });
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

function leftOut(world: ChaosWorld): string[] {
  return acts.filter(({ isPossible }) => isPossible?.(world) === false).map(({ name }) => name);
}

function report(world: ChaosWorld, played: readonly Played[], violations: readonly string[]): ChaosReport {
  const { subscribers, pusher, doors, mover } = world;
  const sum = (of: (one: ChaosSubscriber) => number) =>
    subscribers.reduce((total, one) => total + of(one), 0);
  return {
    acts: played.map(({ act }) => act.name),
    leftOut: leftOut(world),
    violations,
    acknowledged: pusher.acknowledged.length,
    retries: pusher.retries,
    changes: sum(({ changes }) => changes),
    repeats: sum(({ repeats }) => repeats),
    connections: sum(({ connections }) => connections),
    resets: sum(({ resets }) => resets),
    looks: doors.log.length,
    moves: mover.moves,
  };
}
