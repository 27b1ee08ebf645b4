// @needs redis-server
/** What gateways share keeps its time while the Redis server's clock steps, over a restart too. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RequestBudget, Schedule } from '../../../../src/cluster/cluster.ts';
import { openRedisCluster, type RedisCluster } from '../../../../src/cluster/redis/cluster.ts';
import type { PresenceTuning } from '../../../../src/cluster/redis/presence.ts';
import { openRedisLedger } from '../../../../src/ledger/redis/redis.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts';
import { isInstalled } from '../../../support/parts.ts';
import { type RedisNode, startRedis } from '../../../support/redis.ts';
import { freshPrefix } from '../../../support/redis-ledger.ts';
import { until } from '../../../support/until.ts';
import { openWallClocks } from '../../../support/wall-clock.ts';

const hourMs = 3_600_000;
const registry = 'registry.example.com';
/** What one step may take from the shared time, as in steady.lua. */
const noteSteadyMs = 500;

let redis: RedisNode;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

let clock: FakeClock;
let keyPrefix: string;
const closing: (() => Promise<void>)[] = [];
beforeEach(() => {
  clock = fakeClock();
  keyPrefix = freshPrefix();
});
const closeAll = async () => {
  for (const close of closing.splice(0).reverse()) await close();
};
afterEach(closeAll);

interface Target {
  readonly url: string;
  readonly now?: () => number;
}

/** Default: a server whose clock is the fake one. */
async function openCluster(tuning: PresenceTuning = {}, target?: Target): Promise<RedisCluster> {
  const retention = { maxChanges: 100, maxAgeMs: hourMs };
  const own = { keyPrefix, retention, random: Math.random, clock: systemClock };
  const ledger = await openRedisLedger({ ...own, ...(target ?? { url: redis.url, now: () => clock.now() }) });
  closing.push(() => ledger.close());
  const cluster = await openRedisCluster(ledger.redis, tuning);
  closing.push(() => cluster.close());
  return cluster;
}

function scheduleOf(cluster: RedisCluster): Schedule {
  const schedule = cluster.scheduleFor(registry);
  closing.push(() => schedule.close());
  return schedule;
}

/** Time passes while gateways call, as they do every second. */
async function pass(ms: number, schedule: Schedule): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    clock.advance(Math.min(left, 1_000));
    await schedule.nextInMs();
  }
}

const wanted = (repository: string) => ({ repository, scopes: ['*'], inMs: 0 });

/** Asks as eagerly as it may. @returns how much was granted */
async function spend(budget: RequestBudget, forMs: number): Promise<number> {
  let spent = 0;
  for (const end = clock.monotonic() + forMs; clock.monotonic() < end; ) {
    const { granted, retryInMs } = await budget.take(10);
    spent += granted;
    clock.advance(Math.min(retryInMs, end - clock.monotonic()));
  }
  return spent;
}

describe.each([
  ['an hour back', -hourMs],
  ['a day back', -24 * hourMs],
  ['an hour ahead', hourMs],
  ['ten years ahead', 87_600 * hourMs],
])("when the server's clock steps %s", (_what, stepMs) => {
  const step = () => clock.setWall(clock.now() + stepMs);

  test('a lease holds for its time, and no longer', async () => {
    const schedule = scheduleOf(await openCluster());
    await schedule.want([wanted('a')]);
    expect(await schedule.claim(1, 20_000)).toHaveLength(1);
    step();
    await pass(19_000, schedule);
    expect(await schedule.claim(1, 20_000)).toEqual([]);
    await pass(2_000, schedule);
    expect(await schedule.claim(1, 20_000)).toHaveLength(1);
  });

  test('a lease that is prolonged after the step holds on', async () => {
    const schedule = scheduleOf(await openCluster());
    await schedule.want([wanted('a')]);
    const [claim] = await schedule.claim(1, 5_000);
    if (claim === undefined) throw new Error('nothing was due');
    step();
    expect(await schedule.extend(claim, 5_000)).toBe(true);
    await pass(4_000, schedule);
    expect(await schedule.claim(1, 5_000)).toEqual([]);
    await schedule.done(claim, 3_000, 'memo');
    await pass(3_000, schedule);
    expect(await schedule.claim(1, 5_000)).toMatchObject([{ repository: 'a', memo: 'memo' }]);
  });

  test('no look comes early, and none that any gateway wants is forgotten, nor what it saw', async () => {
    const [one, other] = [scheduleOf(await openCluster()), scheduleOf(await openCluster())];
    await one.want([wanted('ours')]);
    await other.want([wanted('theirs')]);
    for (const claim of await one.claim(2, 60_000)) await one.done(claim, 20_000, `${claim.repository} seen`);
    step();
    expect(await one.claim(2, 60_000)).toEqual([]);
    expect(await one.nextInMs()).toBeGreaterThan(19_000);
    await pass(21_000, one);
    const claims = await one.claim(2, 60_000);
    expect(claims.map(({ repository, memo }) => [repository, memo]).sort()).toEqual([
      ['ours', 'ours seen'],
      ['theirs', 'theirs seen'],
    ]);
  });

  test('a pause and a lower rate last for their time', async () => {
    const cluster = await openCluster();
    const schedule = scheduleOf(cluster);
    const [paused, slowed] = [cluster.budgetFor('paused', 10), cluster.budgetFor('slowed', 10)];
    await paused.pause(20_000);
    await slowed.slow(2, 20_000);
    step();
    await pass(19_000, schedule);
    expect(await paused.take(1)).toMatchObject({ granted: 0 });
    expect(await slowed.take(2)).toEqual({ granted: 1, retryInMs: 500 });
    await pass(2_000, schedule);
    expect(await paused.take(1)).toMatchObject({ granted: 1 });
    expect(await slowed.take(2)).toEqual({ granted: 1, retryInMs: 100 });
  });

  test('no second has more requests than the rate, and soon as many as before', async () => {
    const budget = (await openCluster()).budgetFor('rate', 100);
    await spend(budget, 2_000);
    const before = await spend(budget, 500);
    step();
    expect(before + (await spend(budget, 500))).toBeLessThanOrEqual(100);
    await spend(budget, 1_000);
    expect(await spend(budget, 1_000)).toBeGreaterThanOrEqual(95);
  });

  test('and gateways restart meanwhile, a lease and a pause hold for their time', async () => {
    const first = await openCluster();
    await scheduleOf(first).want([wanted('a')]);
    expect(await scheduleOf(first).claim(1, 20_000)).toHaveLength(1);
    await first.budgetFor('b', 10).pause(20_000);
    await closeAll();
    step();
    const second = await openCluster();
    const schedule = scheduleOf(second);
    await schedule.want([wanted('a')]);
    await pass(19_000, schedule);
    expect(await schedule.claim(1, 20_000)).toEqual([]);
    expect(await second.budgetFor('b', 10).take(1)).toMatchObject({ granted: 0 });
    await pass(2_000, schedule);
    expect(await schedule.claim(1, 20_000)).toHaveLength(1);
    expect(await second.budgetFor('b', 10).take(1)).toMatchObject({ granted: 1 });
  });
});

test('a server whose clock steps while it runs and while it is dead forgets no pause, lease or gateway', async () => {
  const clocks = openWallClocks();
  closing.push(async () => clocks.close());
  const wall = clocks.forProgram();
  if (wall === null) return expect(process.platform === 'linux' && isInstalled('cc')).toBe(false);
  const args = ['--appendonly', 'yes', '--appendfsync', 'always'];
  const server = await startRedis({ args, env: wall.env });
  closing.push(() => server.stop());
  const tuning = { heartbeatMs: 20, ttlMs: 60_000 };
  const [a, b] = [await openCluster(tuning, server), await openCluster(tuning, server)];
  const [schedule, budget] = [scheduleOf(a), a.budgetFor('b', 10)];
  const longMs = 600_000;
  await schedule.want([wanted('a')]);
  expect(await schedule.claim(1, longMs)).toHaveLength(1);
  await budget.pause(longMs);
  let told = 0;
  const gateways = new Set<number>();
  const goesOn = async () => {
    told += 1;
    await b.presence.publish([[[`${registry}/a`, told]]]);
    await until('one gateway to hear the other', () => {
      const { counts } = a.countsOf(`${registry}/a`, 0);
      gateways.add(counts.length);
      return counts.includes(told);
    });
    const { granted, retryInMs } = await budget.take(1);
    expect(granted).toBe(0);
    expect(retryInMs).toBeGreaterThan(longMs - 60_000);
    expect(retryInMs).toBeLessThanOrEqual(longMs + noteSteadyMs);
    expect(await schedule.claim(1, longMs)).toEqual([]);
  };
  await goesOn();
  gateways.clear();
  for (const offsetMs of [hourMs, -hourMs, 26 * hourMs, 0]) {
    wall.set(offsetMs);
    await goesOn();
  }
  for (const offsetMs of [-hourMs, 3 * hourMs]) {
    await server.kill();
    wall.set(offsetMs);
    await server.start();
    await until('the server to be used again', async () => (await budget.take(1)).retryInMs > 0);
    await goesOn();
  }
  expect([...gateways]).toEqual([2]);
});
