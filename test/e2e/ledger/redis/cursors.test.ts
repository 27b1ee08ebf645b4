// @needs redis-server
/** Where targets are, in a Redis that loses keys, comes back older or empty, and serves gateways that die. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HeldTarget, lostCursor, newWish } from '../../../../src/ledger/cursors.ts';
import type { SharedLedger } from '../../../../src/ledger/redis/redis.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { tagSeen } from '../../../support/ledger-samples.ts';
import type { RedisNode } from '../../../support/redis.ts';
import { freshPrefix, redisBench } from '../../../support/redis-ledger.ts';
import { until } from '../../../support/until.ts';

const { start, open, cleanUp } = redisBench();
afterEach(cleanUp);

/** Longer than a test. */
const leaseMs = 600_000;
let redis: RedisNode;
let a: SharedLedger;
let b: SharedLedger;
let prefix: string;
const key = (name: string) => `{${prefix}}:${name}`;
const options = () => ({ url: redis.url, keyPrefix: prefix });

beforeEach(async () => {
  redis = await start();
  prefix = freshPrefix();
  a = await open(options());
  b = await open(options());
});

const claim = (ledger: SharedLedger, holder: string, ...names: string[]) =>
  ledger.cursors.claimTargets(names, holder, leaseMs);
async function claimOne(ledger: SharedLedger, holder: string, name: string): Promise<HeldTarget> {
  const [held] = await claim(ledger, holder, name);
  if (held === undefined) throw new Error(`claim ${name}: nobody has it`);
  return held;
}
const holderOf = async (name: string) =>
  (await a.cursors.listTargets()).find((each) => each.name === name)?.holder;
async function moveTo(ledger: SharedLedger, held: HeldTarget, low: number) {
  const { epoch } = await ledger.bounds();
  return ledger.cursors.saveCursors([{ ...held, cursor: { epoch, low, done: [low + 2] } }]);
}

describe('a lease', () => {
  test('holds off another gateway, whatever the clocks of both say', async () => {
    const ahead = { ...systemClock, now: () => Date.now() + 3_600_000 };
    const late = await open({ ...options(), clock: ahead });
    const held = await claimOne(a, 'g1', 'x');
    expect(await claim(b, 'g2', 'x')).toEqual([]);
    expect(await claim(late, 'g3', 'x')).toEqual([]);
    await a.cursors.releaseTargets([held]);
    expect(await claim(late, 'g3', 'x')).toHaveLength(1);
    expect(await claim(a, 'g1', 'x')).toEqual([]);
    expect(await moveTo(a, held, 3)).toEqual([false]);
  });

  test('given by a clock that was lost ends, though it was far ahead', async () => {
    let now = Date.UTC(2036, 0, 1);
    const wrong = await open({ ...options(), now: () => now });
    await claimOne(wrong, 'g1', 'x');
    await redis.admin.del(key('meta'));
    now = Date.now();
    expect(await claim(wrong, 'g2', 'x')).toHaveLength(1);
  });

  test('of a gateway that was killed is taken over when it has run out, and nothing is lost', async () => {
    let low = 0;
    for (let round = 1; round <= 3; round += 1) {
      const acknowledged = await serveAndKill(`g${round}`, 20);
      expect(acknowledged[0]).toBeGreaterThan(low);
      low = acknowledged.at(-1) ?? 0;
      // Both leases end at the same moment: another gateway gets the one only when nobody has the other.
      const taken = await claim(b, 'other', 'a');
      if (taken.length > 0) expect(await holderOf('b')).toBe(null);
      await b.cursors.releaseTargets(taken);
    }
    let held: readonly HeldTarget[] = [];
    await until('both to be free', async () => {
      held = [...held, ...(await claim(a, 'last', 'a', 'b'))];
      return held.length >= 2;
    });
    const [first] = held;
    expect([low, low + 1]).toContain(first?.cursor.low);
    expect(held.map(({ cursor }) => cursor)).toEqual([first?.cursor, first?.cursor]);
  });
});

/** Runs a gateway's part until so many moves are acknowledged, then kills it. Returns what it acknowledged. */
async function serveAndKill(holder: string, count: number): Promise<number[]> {
  const keeper = fileURLToPath(new URL('../../../support/cursor-keeper.ts', import.meta.url));
  const child = spawn(process.execPath, [keeper, redis.url, holder, prefix], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const acknowledged: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(Number(line));
    if (acknowledged.length === count) child.kill('SIGKILL');
  }
  expect(await exited).toEqual([null, 'SIGKILL']);
  return acknowledged;
}

describe('rows that were lost', () => {
  test('with their key are told as lost, as many as there were; a name that is new is new', async () => {
    await claim(a, 'g1', 'x', 'y');
    await b.cursors.wishTarget('x', { paused: true });
    await redis.admin.del(key('targets'));
    const [x] = await claim(b, 'g2', 'x');
    expect(x).toMatchObject({ cursor: lostCursor, wish: newWish, isNew: false });
    expect(await b.cursors.listTargets()).toMatchObject([{ name: 'x', cursor: lostCursor }]);
    expect(await claim(b, 'g2', 'y', 'z')).toMatchObject([
      { name: 'y', cursor: lostCursor, isNew: false },
      { name: 'z', cursor: { low: 0 }, isNew: true },
    ]);
    expect(await claim(a, 'g1', 'w')).toMatchObject([{ isNew: true }]);
  });

  test('alone are told as lost, and others stay', async () => {
    const [x, y] = await claim(a, 'g1', 'x', 'y');
    if (x === undefined || y === undefined) throw new Error('claim x and y: both are free');
    await redis.admin.hdel(key('targets'), 'x');
    expect(await a.cursors.renewTargets([x, y], leaseMs)).toMatchObject([{ name: 'y' }]);
    expect(await moveTo(a, x, 4)).toEqual([false]);
    expect(await moveTo(a, y, 4)).toEqual([true]);
    expect(await claim(a, 'g1', 'x')).toMatchObject([{ cursor: lostCursor, isNew: false }]);
  });

  test.each([
    ['a flipped sequence', (text: string) => text.replace(' 7 2', ' 6 2')],
    ['a flipped checksum', (text: string) => `${text.startsWith('0') ? '1' : '0'}${text.slice(1)}`],
    ['another text', () => 'ours'],
    ['nothing', () => ''],
  ])('by damage, here %s, are told as lost, and can be saved again', async (_what, harm) => {
    const held = await claimOne(a, 'g1', 'x');
    await moveTo(a, held, 7);
    const text = (await redis.admin.hget(key('targets'), 'x')) ?? '';
    expect(harm(text)).not.toBe(text);
    await redis.admin.hset(key('targets'), 'x', harm(text));
    expect(await moveTo(a, held, 8)).toEqual([false]);
    expect(await a.cursors.renewTargets([held], leaseMs)).toEqual([]);
    expect(await b.cursors.listTargets()).toMatchObject([{ cursor: lostCursor, holder: null }]);
    const again = await claimOne(a, 'g1', 'x');
    expect(again).toMatchObject({ cursor: lostCursor, isNew: false });
    expect(again.fence).toBeGreaterThan(held.fence);
    expect(await moveTo(a, again, 9)).toEqual([true]);
    expect(await b.cursors.listTargets()).toMatchObject([{ cursor: { low: 9, done: [11] }, holder: 'g1' }]);
  });
});

test('a key of another kind is refused by name, in every call, and all goes on when it is gone', async () => {
  const held = await claimOne(a, 'g1', 'x');
  await redis.admin.rename(key('targets'), key('elsewhere'));
  await redis.admin.set(key('targets'), 'ours');
  const refusal = {
    code: 'UNAVAILABLE',
    message: expect.stringContaining(`key ${key('targets')} in Redis holds a string, must be a hash`),
  };
  await expect(claim(b, 'g2', 'x')).rejects.toMatchObject(refusal);
  await expect(a.cursors.renewTargets([held], leaseMs)).rejects.toMatchObject(refusal);
  await expect(moveTo(a, held, 1)).rejects.toMatchObject(refusal);
  await expect(a.cursors.releaseTargets([held])).rejects.toMatchObject(refusal);
  await expect(a.cursors.wishTarget('x', { paused: true })).rejects.toMatchObject(refusal);
  await expect(a.cursors.listTargets()).rejects.toMatchObject(refusal);
  await expect(a.check()).rejects.toMatchObject(refusal);
  await redis.admin.del(key('targets'));
  await redis.admin.rename(key('elsewhere'), key('targets'));
  expect(await moveTo(a, held, 1)).toEqual([true]);
});

test('a ledger that takes a new epoch keeps the rows, and their epoch tells', async () => {
  await a.record([tagSeen('t1', 'one', Date.now())]);
  const held = await claimOne(a, 'g1', 'x');
  const before = await a.bounds();
  await redis.admin.del(key('meta'));
  const { epoch } = await b.bounds();
  expect(epoch).not.toBe(before.epoch);
  expect((await a.cursors.listTargets())[0]?.cursor).toEqual({ epoch: before.epoch, low: 1, done: [] });
  expect(await moveTo(a, held, 1)).toEqual([true]);
  expect((await b.cursors.listTargets())[0]?.cursor.epoch).toBe(epoch);
});

test('an import that another gateway was faster than leaves the targets of that one alone', async () => {
  const source = await open({ ...options(), keyPrefix: freshPrefix() });
  await claimOne(source, 'g1', 'x');
  const rows = source.exportRows();
  async function* late() {
    for await (const row of rows) {
      // Before the last: everything is staged, and nothing put in place.
      if (row.row === 'end') {
        await a.record([tagSeen('t1', 'one', Date.now())]);
        await claimOne(a, 'g1', 'y');
      }
      yield row;
    }
  }
  await expect(b.importRows(late())).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('holds something already (head 1)'),
  });
  expect(await a.cursors.listTargets()).toMatchObject([{ name: 'y', holder: 'g1', cursor: { low: 1 } }]);
});

test('an emptied Redis has new targets, and nobody’s fence counts any more', async () => {
  await a.record([tagSeen('t1', 'one', Date.now())]);
  const held = await claimOne(a, 'g1', 'x');
  await redis.admin.flushall();
  expect(await a.cursors.renewTargets([held], leaseMs)).toEqual([]);
  expect(await moveTo(a, held, 1)).toEqual([false]);
  const again = await claimOne(b, 'g2', 'x');
  expect(again).toMatchObject({ isNew: true, cursor: { low: 0 } });
  expect(again.cursor.epoch).not.toBe(held.cursor.epoch);
  expect(again.fence).toBeGreaterThan(held.fence);
  expect(await moveTo(a, held, 1)).toEqual([false]);
});

test('a Redis that came back with an older snapshot has rows of an older epoch, and fences go on', async () => {
  // A lease that soon runs out: the snapshot keeps it.
  const [old] = await a.cursors.claimTargets(['x'], 'g1', 1_000);
  if (old === undefined) throw new Error('claim x: it is free');
  await moveTo(a, old, 1);
  await redis.admin.save();
  await a.cursors.releaseTargets([old]);
  const newer = await claimOne(b, 'g2', 'x');
  await moveTo(b, newer, 5);
  await redis.kill();
  await redis.start();
  await until('the lease to run out', async () => (await claimed('g3')) !== undefined);
  expect(await moveTo(b, newer, 6)).toEqual([false]);
  const back = await claimOne(a, 'g3', 'x');
  expect(back.fence).toBeGreaterThan(newer.fence);
  expect(back.cursor).toEqual({ epoch: old.cursor.epoch, low: 1, done: [3] });
  expect((await a.bounds()).epoch).not.toBe(old.cursor.epoch);

  /** Undefined while Redis is away, or the lease of the snapshot lasts. */
  async function claimed(holder: string): Promise<HeldTarget | undefined> {
    const given = await claim(a, holder, 'x').catch(() => []);
    return given[0];
  }
});
