// @needs redis-server
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openRedisCluster } from '../../../../src/cluster/redis/cluster.ts';
import type { RedisPresence } from '../../../../src/cluster/redis/presence.ts';
import { openRedisLedger, type SharedLedger } from '../../../../src/ledger/redis/redis.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { type RedisNode, startRedis } from '../../../support/redis.ts';
import { freshPrefix, longTimeouts } from '../../../support/redis-ledger.ts';
import { until } from '../../../support/until.ts';

let redis: RedisNode;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

let keyPrefix: string;
beforeEach(() => {
  keyPrefix = freshPrefix();
});

async function openGateway(): Promise<SharedLedger> {
  const retention = { maxChanges: 100, maxAgeMs: 3_600_000 };
  const ledger = await openRedisLedger({
    ...{ url: redis.url, keyPrefix, retention, random: Math.random, clock: systemClock },
    timeouts: longTimeouts,
  });
  closing.push(() => ledger.close());
  return ledger;
}

async function join(): Promise<RedisPresence> {
  const presence = (await openRedisCluster((await openGateway()).redis)).presence;
  closing.push(() => presence.close());
  return presence;
}

const key = 'docker.io/library/nginx';
const countsOf = (presence: RedisPresence, own: number) => [...presence.counts(key, own).counts].sort();

test('a gateway alone counts only itself', async () => {
  const alone = await join();
  await alone.publish([[[key, 7]]]);
  expect(alone.counts(key, 9)).toEqual({ node: 0, counts: [9] });
});

test('gateways agree on order and counts, each with its own exact one', async () => {
  const all = [await join(), await join(), await join()];
  await Promise.all(all.map((one, i) => one.publish([[[key, (i + 1) * 10]]])));
  await until('all to know all', () =>
    all.every((one, i) => countsOf(one, (i + 1) * 10).join() === '10,20,30'),
  );
  const seen = all.map((one, i) => one.counts(key, (i + 1) * 10));
  expect(new Set(seen.map(({ counts }) => counts.join())).size).toBe(1);
  expect(seen.map(({ node }) => node).sort()).toEqual([0, 1, 2]);
  for (const [i, { node, counts }] of seen.entries()) expect(counts[node]).toBe((i + 1) * 10);
  expect(all[0]?.counts('docker.io/library/other', 1).counts.reduce((sum, count) => sum + count)).toBe(1);
});

test('subscribers of globs count for every repository that matches', async () => {
  const [a, b] = [await join(), await join()];
  await a.publish([
    [
      ['docker.io/library/*', 5],
      ['docker.io/**', 2],
    ],
    [
      ['**', 1],
      [key, 10],
    ],
  ]);
  await until('the other to know', () => countsOf(b, 0).join() === '0,18');
  expect(b.counts('docker.io/other/app', 0).counts.toSorted()).toEqual([0, 3]);
  expect(b.counts('quay.io/app', 0).counts.toSorted()).toEqual([0, 1]);
  // More than are remembered.
  for (let n = 0; n <= 10_000; n++) b.counts(`quay.io/app${n}`, 0);
  expect(b.counts('docker.io/other/app', 0).counts.toSorted()).toEqual([0, 3]);
});

test('one that closes is gone at once, one that dies when its time is up', async () => {
  const [a, b] = [await join(), await join()];
  const dying = await openGateway();
  const doomed = (await openRedisCluster(dying.redis, { heartbeatMs: 50, ttlMs: 400 })).presence;
  await Promise.all([a, b, doomed].map((one) => one.publish([[[key, 1]]])));
  await until('all to know', () => [a, b, doomed].every((one) => countsOf(one, 1).length === 3));
  await b.close();
  await until('the others to know', () => countsOf(a, 1).length === 2);
  // As a killed process would: without a goodbye.
  await dying.close();
  await until('the first to be alone', () => countsOf(a, 1).length === 1);
  await doomed.close();
});

test('what Redis forgot is told again', async () => {
  const [a, b] = [await join(), await join()];
  await a.publish([[[key, 4]]]);
  await until('the other to know', () => countsOf(b, 0).join() === '0,4');
  await redis.admin.flushall();
  await until('the other to know again', () => countsOf(b, 0).join() === '0,4');
});

test('of more keys than may be told the largest are exact and the rest an average', async () => {
  const a = (await openRedisCluster((await openGateway()).redis, { maxKeys: 2, heartbeatMs: 50 })).presence;
  closing.push(() => a.close());
  const b = await join();
  const repositories = [
    ['big', 100],
    ['large', 90],
    ['small', 4],
    ['tiny', 2],
  ] as const;
  await a.publish([repositories.map(([name, count]) => [`docker.io/a/${name}`, count])]);
  const told = (name: string) =>
    b.counts(`docker.io/a/${name}`, 0).counts.reduce((sum, count) => sum + count);
  await until('the other to know', () => told('big') > 0);
  expect([told('big'), told('large'), told('small'), told('tiny')]).toEqual([100, 90, 3, 3]);
});

test('what a stranger writes among the counts does not hide those of the gateways', async () => {
  const [a, b] = [await join(), await join()];
  const base = `{${keyPrefix}}:crowd`;
  await redis.admin.zadd(base, Date.now() + 600_000, 'stranger', Date.now() + 600_000, 'other');
  await redis.admin.hset(`${base}:said`, { stranger: '1 no JSON', other: '1 [[["x",-1e300]],[],0]' });
  await b.publish([[[key, 3]]]);
  await until('one gateway to hear the other', () => a.counts(key, 1).counts.includes(3));
  expect(a.counts(key, 1).counts).toHaveLength(2);
});
