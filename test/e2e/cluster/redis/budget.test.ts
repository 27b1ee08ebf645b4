// @needs redis-server
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BudgetFor, RequestBudget } from '../../../../src/cluster/cluster.ts';
import { openRedisCluster, type RedisCluster } from '../../../../src/cluster/redis/cluster.ts';
import { openRedisLedger, type SharedLedger } from '../../../../src/ledger/redis/redis.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { type RedisNode, startRedis } from '../../../support/redis.ts';
import { freshPrefix } from '../../../support/redis-ledger.ts';

const clock = fakeClock();
let redis: RedisNode;
let gateways: SharedLedger[];
let clusters: RedisCluster[];
beforeAll(async () => {
  redis = await startRedis();
  const keyPrefix = freshPrefix();
  const retention = { maxChanges: 100, maxAgeMs: 3_600_000 };
  const own = { url: redis.url, keyPrefix, retention, random: Math.random, clock: systemClock };
  gateways = await Promise.all([1, 2, 3].map(() => openRedisLedger({ ...own, now: () => clock.now() })));
  clusters = await Promise.all(gateways.map((gateway) => openRedisCluster(gateway.redis)));
});
afterAll(async () => {
  await Promise.all(clusters.map((cluster) => cluster.close()));
  await Promise.all(gateways.map((gateway) => gateway.close()));
  await redis.stop();
});

let budgets = 0;

/** The same budget at three gateways. */
function shared(requestsPerSecond: number): RequestBudget[] {
  const name = `budget-${++budgets}`;
  return clusters.map((cluster) => {
    const budgetFor: BudgetFor = (key, rate) => cluster.budgetFor(key, rate);
    return budgetFor(name, requestsPerSecond);
  });
}

/** Lets three gateways ask as eagerly as they may for `forMs`; gives when each request was granted, ms. */
async function spend(all: RequestBudget[], wanted: number, forMs: number): Promise<number[]> {
  const grantedAt: number[] = [];
  const start = clock.now();
  for (let turn = 0; clock.now() - start < forMs; turn += 1) {
    const budget = all[turn % all.length];
    if (budget === undefined) throw new Error('no budget');
    const { granted, retryInMs } = await budget.take(wanted);
    for (let i = 0; i < granted; i += 1) grantedAt.push(clock.now() - start);
    expect(granted).toBeLessThanOrEqual(wanted);
    if (granted < wanted) expect(retryInMs).toBeGreaterThan(0);
    if (granted < wanted) clock.advance(retryInMs);
  }
  return grantedAt;
}

/** The most requests that any second holds. */
function mostInASecond(at: readonly number[]): number {
  return Math.max(0, ...at.map((from) => at.filter((other) => other >= from && other < from + 1_000).length));
}

describe('a request budget that gateways share', () => {
  test('never lets more through in any second than the rate, and hardly less', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 3, 10, 19, 40, 100, 250),
        fc.constantFrom(1, 2, 7, 50),
        async (rate, wanted) => {
          const at = await spend(shared(rate), wanted, 4_000);
          expect(mostInASecond(at)).toBeLessThanOrEqual(rate);
          expect(at.length).toBeGreaterThanOrEqual(Math.floor(4 * rate * 0.95) - 1);
        },
      ),
      { numRuns: 28 },
    );
  });

  test('spends a second evenly, not in one burst', async () => {
    const at = await spend(shared(100), 100, 2_000);
    for (let from = 0; from < 2_000; from += 100)
      expect(at.filter((one) => one >= from && one < from + 100).length).toBeLessThanOrEqual(15);
  });

  test('keeps a rate below one a second', async () => {
    const at = await spend(shared(0.5), 1, 9_000);
    expect(at).toEqual([0, 2_000, 4_000, 6_000, 8_000]);
  });

  test('stands still for all while one asked for a pause; a shorter one changes nothing', async () => {
    const [a, b, c] = shared(10);
    await a?.pause(5_000);
    await b?.pause(100);
    expect(await c?.take(1)).toEqual({ granted: 0, retryInMs: 5_000 });
    expect(await b?.take(1)).toEqual({ granted: 0, retryInMs: 5_000 });
    clock.advance(5_000);
    expect(await c?.take(1)).toEqual({ granted: 1, retryInMs: 0 });
    expect(await b?.take(1)).toEqual({ granted: 0, retryInMs: 100 });
  });

  test('is slower for all for as long as one asked, and never faster than configured', async () => {
    const all = shared(20);
    await all[0]?.slow(2, 10_000);
    expect(await all[1]?.take(2)).toEqual({ granted: 1, retryInMs: 500 });
    expect((await spend(all, 5, 5_000)).length).toBeLessThanOrEqual(11);
    clock.advance(6_000);
    expect(await all[2]?.take(20)).toEqual({ granted: 1, retryInMs: 50 });
    await all[0]?.slow(1_000, 1_000);
    expect(await all[1]?.take(20)).toEqual({ granted: 0, retryInMs: 50 });
  });
});
