// @needs redis-server
/** One suite over the schedule of one gateway alone and the one that several share; then what only sharing shows. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Schedule } from '../../../../src/cluster/cluster.ts';
import { createMemorySchedule } from '../../../../src/cluster/memory/schedule.ts';
import { openRedisCluster, type RedisCluster } from '../../../../src/cluster/redis/cluster.ts';
import { openRedisLedger } from '../../../../src/ledger/redis/redis.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts';
import { type RedisNode, startRedis } from '../../../support/redis.ts';
import { freshPrefix } from '../../../support/redis-ledger.ts';
import { until } from '../../../support/until.ts';

let redis: RedisNode;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

let clock: FakeClock;
const closing: (() => Promise<void>)[] = [];
beforeEach(() => {
  clock = fakeClock();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const retention = { maxChanges: 100, maxAgeMs: 3_600_000 };

async function openGateway(keyPrefix: string): Promise<RedisCluster> {
  const own = { keyPrefix, url: redis.url, clock: systemClock, now: () => clock.now() };
  const ledger = await openRedisLedger({ retention, random: Math.random, ...own });
  closing.push(() => ledger.close());
  const cluster = await openRedisCluster(ledger.redis);
  closing.push(() => cluster.close());
  return cluster;
}

function scheduleOf(gateway: RedisCluster): Schedule {
  const schedule: Schedule = gateway.scheduleFor('registry.example.com');
  closing.push(() => schedule.close());
  return schedule;
}

/** Time passes while a gateway calls, as each does every second: a longer gap would count as a step of the clock. */
async function pass(ms: number, schedule: Schedule): Promise<void> {
  for (let left = ms; left > 0; left -= 5_000) {
    clock.advance(Math.min(left, 5_000));
    await schedule.nextInMs();
  }
}

const opens: [string, () => Promise<Schedule>][] = [
  ['memory', async () => createMemorySchedule(clock)],
  ['Redis', async () => scheduleOf(await openGateway(freshPrefix()))],
];

describe.each(opens)('a schedule in %s', (_name, open) => {
  let schedule: Schedule;
  beforeEach(async () => {
    schedule = await open();
  });
  const wanted = (repository: string, inMs: number, scopes: string[] = []) => ({ repository, scopes, inMs });
  const claimed = async (max = 10, leaseMs = 1_000) =>
    (await schedule.claim(max, leaseMs)).map(({ repository }) => repository);
  const claimOne = async () => {
    const [claim] = await schedule.claim(1, 1_000);
    if (claim === undefined) throw new Error('nothing was due');
    return claim;
  };

  test('hands out nothing before it is due, and then the longest due first', async () => {
    expect(await schedule.nextInMs()).toBe(Number.POSITIVE_INFINITY);
    await schedule.want([wanted('b', 50), wanted('a', 20), wanted('never', Number.POSITIVE_INFINITY)]);
    expect(await schedule.nextInMs()).toBe(20);
    expect(await claimed()).toEqual([]);
    clock.advance(60);
    expect(await schedule.nextInMs()).toBe(0);
    expect(await claimed(1)).toEqual(['a']);
    expect(await claimed()).toEqual(['b']);
    expect(await claimed()).toEqual([]);
  });

  test('gives the scopes and the memo of the look before, and null before the first', async () => {
    await schedule.want([wanted('a', 0, ['1.*', 'latest'])]);
    const claim = await claimOne();
    expect(claim).toMatchObject({ repository: 'a', memo: null });
    expect([...claim.scopes].sort()).toEqual(['1.*', 'latest']);
    await schedule.done(claim, 100, 'seen "3" tags');
    expect(await schedule.nextInMs()).toBe(100);
    clock.advance(100);
    expect((await claimOne()).memo).toBe('seen "3" tags');
  });

  test('hands a look out again when its lease has ended, and then the first one is worth nothing', async () => {
    await schedule.want([wanted('a', 0)]);
    const lost = await claimOne();
    clock.advance(999);
    expect(await claimed()).toEqual([]);
    clock.advance(1);
    const held = await claimOne();
    expect(held.lease).not.toBe(lost.lease);
    expect(await schedule.extend(lost, 5_000)).toBe(false);
    await schedule.done(lost, 60_000, 'late');
    clock.advance(1_000);
    expect((await claimOne()).memo).toBeNull();
  });

  test('leaves a look alone for as long as its lease is prolonged', async () => {
    await schedule.want([wanted('a', 0)]);
    const claim = await claimOne();
    clock.advance(900);
    expect(await schedule.extend(claim, 1_000)).toBe(true);
    clock.advance(900);
    expect(await claimed()).toEqual([]);
    await schedule.done(claim, 10, '');
    expect(await schedule.nextInMs()).toBe(10);
  });

  test('brings a look forward and never puts it off', async () => {
    await schedule.want([wanted('a', 1_000)]);
    expect(await schedule.hasten('a', 500)).toBe(true);
    expect(await schedule.nextInMs()).toBe(500);
    await schedule.hasten('a', 700);
    await schedule.want([wanted('a', 900)]);
    expect(await schedule.nextInMs()).toBe(500);
    await schedule.want([wanted('a', 100)]);
    expect(await schedule.nextInMs()).toBe(100);
    expect(await schedule.hasten('unknown', 0)).toBe(false);
  });

  test('hastens a look no nearer than asked to the one before, which may have been anybody', async () => {
    await schedule.want([wanted('a', 0)]);
    await schedule.hasten('a', 0, 5_000);
    const claim = await claimOne();
    clock.advance(100);
    await schedule.done(claim, 60_000, '');
    clock.advance(1_000);
    await schedule.hasten('a', 500, 5_000);
    expect(await schedule.nextInMs()).toBe(4_000);
    clock.advance(3_800);
    expect(await claimed()).toEqual([]);
    await schedule.hasten('a', 500, 5_000);
    expect(await schedule.nextInMs()).toBe(200);
  });

  test('remembers during a look that the next one was hastened', async () => {
    await schedule.want([wanted('a', 0)]);
    const claim = await claimOne();
    await schedule.hasten('a', 200);
    await schedule.hasten('a', 300);
    clock.advance(50);
    await schedule.done(claim, 60_000, '');
    expect(await schedule.nextInMs()).toBe(150);
  });

  test('forgets what nobody wants any more, during a look too', async () => {
    await schedule.want([wanted('a', 0), wanted('b', 0)]);
    await schedule.unwant('b');
    const claim = await claimOne();
    expect(claim.repository).toBe('a');
    await schedule.unwant('a');
    expect(await schedule.hasten('a', 0)).toBe(false);
    await schedule.done(claim, 0, '');
    expect(await claimed()).toEqual([]);
    expect(await schedule.nextInMs()).toBe(Number.POSITIVE_INFINITY);
    await schedule.unwant('never heard of');
  });
});

describe('gateways that share a schedule', () => {
  test('never hold the same look at the same time, and want its scopes together', async () => {
    const keyPrefix = freshPrefix();
    const gateways = await Promise.all([1, 2, 3].map(() => openGateway(keyPrefix)));
    const schedules = gateways.map(scheduleOf);
    const names = Array.from({ length: 200 }, (_, i) => `r${i}`);
    for (const [i, schedule] of schedules.entries())
      await schedule.want(names.map((repository) => ({ repository, scopes: [`s${i}`, 'all'], inMs: 0 })));
    const rounds = Array.from({ length: 60 }, (_, i) => schedules[i % 3]?.claim(10, 60_000) ?? []);
    const claims = (await Promise.all(rounds)).flat();
    expect(claims.map(({ repository }) => repository).sort()).toEqual(names.sort());
    for (const { scopes } of claims) expect(scopes).toEqual(['all', 's0', 's1', 's2']);
  });

  test('go on with what one of them wanted when it dies, unless only it did', async () => {
    const keyPrefix = freshPrefix();
    const [a, b] = [await openGateway(keyPrefix), await openGateway(keyPrefix)];
    const [dead, alive] = [scheduleOf(a), scheduleOf(b)];
    await dead.want([
      { repository: 'both', scopes: ['x'], inMs: 0 },
      { repository: 'mine', scopes: ['x'], inMs: 0 },
    ]);
    await alive.want([{ repository: 'both', scopes: ['y'], inMs: 0 }]);
    expect(await dead.claim(5, 30_000)).toHaveLength(2);
    await dead.close();
    await pass(30_000, alive);
    await alive.want([{ repository: 'other', scopes: [], inMs: 0 }]);
    await pass(30_000, alive);
    const claims = await alive.claim(5, 30_000);
    expect(claims.map(({ repository, scopes }) => [repository, scopes])).toEqual([
      ['both', ['y']],
      ['other', []],
    ]);
  });

  test('look no earlier because one more of them wants the same', async () => {
    const keyPrefix = freshPrefix();
    const [a, b] = [await openGateway(keyPrefix), await openGateway(keyPrefix)];
    const [first, second] = [scheduleOf(a), scheduleOf(b)];
    await first.want([{ repository: 'a', scopes: ['x'], inMs: 0 }]);
    const [claim] = await first.claim(1, 1_000);
    if (claim === undefined) throw new Error('nothing was due');
    await first.done(claim, 60_000, '');
    await second.want([{ repository: 'a', scopes: ['x'], inMs: 500 }]);
    expect(await second.nextInMs()).toBe(60_000);
    await second.want([{ repository: 'a', scopes: ['y'], inMs: 500 }]);
    expect(await second.nextInMs()).toBe(500);
  });

  test('want all again what Redis forgot', async () => {
    const gateway = await openGateway(freshPrefix());
    const schedule = scheduleOf(gateway);
    await schedule.want([{ repository: 'a', scopes: ['x'], inMs: 0 }]);
    await redis.admin.flushall();
    await schedule.want([{ repository: 'b', scopes: [], inMs: 0 }]);
    await pass(30_000, schedule);
    await until('both to be due', async () => {
      clock.advance(10);
      return (await schedule.claim(5, 1)).length === 2;
    });
  });
});

test('a repository that no gateway wants, in a schedule that a stranger wrote to, is not handed out', async () => {
  const keyPrefix = freshPrefix();
  const schedule = (await openGateway(keyPrefix)).scheduleFor('registry.example.com');
  closing.push(() => schedule.close());
  await schedule.want([{ repository: 'team/app', scopes: ['1.0'], inMs: 0 }]);
  const base = `{${keyPrefix}}:schedule:registry.example.com:`;
  const wants = (await redis.admin.hget(`${base}wants`, 'team/app')) ?? '';
  const rows = (await redis.admin.hget(`${base}rows`, 'team/app')) ?? '';
  const poisoned = '../../admin/api?x=';
  await redis.admin.hset(`${base}wants`, poisoned, wants);
  await redis.admin.hset(`${base}rows`, poisoned, rows);
  await redis.admin.zadd(`${base}due`, 0, poisoned);
  const claims = await schedule.claim(10, 60_000);
  expect(claims.map(({ repository }) => repository)).toEqual(['team/app']);
});
