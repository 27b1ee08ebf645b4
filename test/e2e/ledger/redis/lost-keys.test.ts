// @needs redis-server
/** Keys of the ledger that are lost, overwritten or damaged while gateways run: noticed, and never passed over. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SharedLedger } from '../../../../src/ledger/redis/redis.ts';
import { countingMetrics } from '../../../support/counting-metrics.ts';
import { digestOf, manifestGone, tagSeen, where } from '../../../support/ledger-samples.ts';
import { recordingLog } from '../../../support/recording-log.ts';
import type { RedisNode } from '../../../support/redis.ts';
import {
  freshPrefix,
  type Heard,
  listen,
  range,
  redisBench,
  sequences,
} from '../../../support/redis-ledger.ts';
import { until } from '../../../support/until.ts';

const { start, open, cleanUp } = redisBench();
afterEach(cleanUp);
const now = () => Date.now();
const lost = { code: 'POSITION_GONE', detail: { reason: 'continuity-lost' } };

let redis: RedisNode;
let a: SharedLedger;
let b: SharedLedger;
let heard: readonly Heard[];
let prefix: string;
const metrics = countingMetrics();
const log = recordingLog();
const key = (name: string) => `{${prefix}}:${name}`;

beforeEach(async () => {
  redis = await start();
  prefix = freshPrefix();
  const options = { url: redis.url, keyPrefix: prefix, metrics, log };
  a = await open(options);
  b = await open(options);
  heard = [listen(a), listen(b)];
  await a.record(range(1, 5).map((i) => tagSeen(`t${i}`, 'one', now())));
  await until('both to hear', () => heard.every(({ changes }) => changes.length === 5));
});

/** Both hear one reset and then the change. */
async function expectOneReset(tag: string): Promise<void> {
  await until('both to hear it', () => heard.every(({ changes }) => changes.at(-1)?.tag === tag));
  for (const { resets } of heard) expect(resets).toHaveLength(1);
}

/** Puts another text in place of an entry's, as a flipped bit would. */
async function rewrite(sequence: number, change: (text: string) => string): Promise<void> {
  const entries = await redis.admin.xrange(key('log'), '-', '+');
  const transaction = redis.admin.multi().del(key('log'));
  for (const [id, [name = '', text = '', ...rest]] of entries)
    transaction.xadd(key('log'), id, name, id === `${sequence}-0` ? change(text) : text, ...rest);
  await transaction.exec();
}

describe('a lost key', () => {
  test('meta begins one new epoch after the stream, refuses nobody, and tells one reset', async () => {
    const before = await a.bounds();
    await redis.admin.del(key('meta'));
    const pushes = range(1, 40).map((i) => (i % 2 ? a : b).record([tagSeen(`n${i}`, 'one', now())]));
    await Promise.all(pushes);
    await a.record([tagSeen('last', 'one', now())]);
    await expectOneReset('last');
    const after = await a.bounds();
    expect(after).toMatchObject({ floor: 5, head: 46 });
    expect(after.epoch).not.toBe(before.epoch);
    for (const { changes } of heard) expect(sequences(changes)).toEqual(range(1, 46));
  });

  test('log makes what it held unusable, and positions go on where they were', async () => {
    const { epoch } = await a.bounds();
    await redis.admin.del(key('log'));
    const { changes } = await a.record([tagSeen('next', 'one', now())]);
    expect(sequences(changes)).toEqual([6]);
    expect(await b.bounds()).toEqual({ epoch, floor: 5, head: 6, lost: 5 });
    await expect(b.read(1, 10)).rejects.toMatchObject(lost);
    expect(sequences((await b.read(5, 10)).changes)).toEqual([6]);
  });

  test('log of a ledger that nobody writes to is noticed by a read', async () => {
    await redis.admin.del(key('log'));
    await expect(a.read(1, 10)).rejects.toMatchObject(lost);
    expect(await a.read(5, 10)).toEqual({ changes: [], next: 5, atHead: true });
  });

  test('last does not make a reader of one repository pass over its changes', async () => {
    await redis.admin.del(key('last'));
    const filter = { repositories: [`${where.registry}/${where.repository}`] };
    const read = await a.read(2, 10, filter).catch((error: unknown) => error);
    // Whoever comes first: the stream still has them, or the next look has given them up.
    if (read instanceof Error) expect(read).toMatchObject(lost);
    else expect(read).toMatchObject({ next: 5, changes: [{}, {}, {}] });
    await a.record([tagSeen('other', 'one', now(), { repository: 'other/name' })]);
    await expect(b.read(2, 10, filter)).rejects.toMatchObject(lost);
  });

  test('repos is made anew, so that a snapshot has all tags again', async () => {
    await redis.admin.del(key('repos'));
    await a.check();
    expect((await a.listTags({ limit: 10 })).tags).toHaveLength(5);
  });
});

describe('a lost order or digest index', () => {
  test.each(['at', 'moved', 'ordered'])('%s is made anew from the rows of tags', async (name) => {
    await redis.admin.del(key(name));
    await a.check();
    const moved = await b.listTags({ sort: 'updated', limit: 10 });
    expect(moved.tags.map(({ tag }) => tag).sort()).toEqual(range(1, 5).map((i) => `t${i}`));
    const query = { digest: digestOf('one'), limit: 10 };
    expect((await b.tagsAt(query)).tags).toHaveLength(5);
    await a.record([manifestGone('one', now())]);
    expect((await b.tagsAt(query)).tags).toEqual([]);
    await until('the deletions', () => heard.every(({ changes }) => changes.length === 11));
    for (const { resets } of heard) expect(resets).toEqual([]);
  });
});

describe('a chain of changes', () => {
  test('that lost an entry ends before it, as the stream does', async () => {
    await a.record([tagSeen('t1', 'two', now()), tagSeen('t1', 'three', now())]);
    await redis.admin.xdel(key('log'), '6-0');
    const page = await b.history({ of: { ...where, tag: 't1' }, limit: 10 });
    expect(sequences(page.changes)).toEqual([7]);
    expect(page).toMatchObject({ next: null, bounds: { floor: 6, head: 7 } });
  });

  test('whose links lead elsewhere is not followed', async () => {
    await a.record([tagSeen('x', 'one', now(), { repository: 'other/name' })]);
    await a.record([tagSeen('t1', 'two', now())]);
    const [, fields = []] = (await redis.admin.xrange(key('log'), '7', '7'))[0] ?? [];
    await redis.admin.xdel(key('log'), '7-0');
    // Appended again under the last number, as an entry of the other repository's neighbour.
    const links = fields.indexOf('l') + 1;
    const wrong = fields.map((field, i) => (i === links ? '6 6' : field));
    await redis.admin
      .multi()
      .del(key('log'))
      .xadd(key('log'), '6-0', 'not', 'ours')
      .xadd(key('log'), '7-0', ...wrong)
      .exec();
    const page = await b.history({ of: { ...where, tag: 't1' }, limit: 10 });
    expect(sequences(page.changes)).toEqual([7]);
    expect(page.bounds.floor).toBe(6);
  });

  test('is found by every query of everything, before a hole', async () => {
    await redis.admin.xdel(key('log'), '3-0');
    const page = await b.history({ limit: 10 });
    expect(sequences(page.changes)).toEqual([5, 4]);
    expect(page).toMatchObject({ next: null, bounds: { floor: 3 } });
  });
});

describe('a hole in the stream', () => {
  test('ends the page before it, and then gives up the positions below it', async () => {
    await redis.admin.xdel(key('log'), '3-0');
    expect(await a.read(0, 10)).toMatchObject({ next: 2, atHead: false });
    await expect(a.read(2, 10)).rejects.toMatchObject(lost);
    await expect(b.read(0, 10)).rejects.toMatchObject(lost);
    expect(sequences((await b.read(3, 10)).changes)).toEqual([4, 5]);
    expect((await a.record([tagSeen('next', 'one', now())])).changes[0]?.sequence).toBe(6);
  });

  test('is told as reset to a listener that has to read over it', async () => {
    // The channel is silent, so that only the stream tells of the change.
    await redis.admin.call('ACL', 'SETUSER', 'default', 'resetchannels');
    const mine = heard[1];
    const [entry] = await redis.admin.xrange(key('log'), '5', '5');
    await redis.admin
      .multi()
      .hset(key('meta'), 'head', 8)
      .xadd(key('log'), '8-0', ...(entry?.[1] ?? []))
      .exec();
    await until('the listener to hear what follows', () => mine?.changes.at(-1)?.sequence === 8);
    expect(mine?.resets.map(({ bounds }) => bounds.floor)).toEqual([7]);
    expect(sequences(mine?.changes ?? [])).toEqual([...range(1, 5), 8]);
  });

  test('at its end, where Redis was given an older stream, is not read over', async () => {
    const entries = await redis.admin.xrange(key('log'), '-', '3');
    const transaction = redis.admin.multi().del(key('log'));
    for (const [id, fields] of entries.slice(0, 3)) transaction.xadd(key('log'), id, ...fields);
    await transaction.exec();
    expect((await a.record([tagSeen('next', 'one', now())])).changes[0]?.sequence).toBe(6);
    const page = await b.read(2, 10).catch((error: unknown) => error);
    if (!(page instanceof Error)) expect(page).toMatchObject({ next: 3 });
    await expect(b.read(3, 10)).rejects.toMatchObject(lost);
    expect(sequences((await b.read(5, 10)).changes)).toEqual([6]);
  });
});

describe('a stream that another program wrote to', () => {
  test.each(['500-0', '9007199254740993-0', '18446744073709551615-7'])(
    'up to %s gets a new epoch, and takes changes',
    async (id) => {
      const before = await a.bounds();
      await redis.admin.xadd(key('log'), id, 'not', 'ours');
      await a.record([tagSeen('after', 'one', now())]);
      await expectOneReset('after');
      const { epoch, head } = await b.bounds();
      expect(epoch).not.toBe(before.epoch);
      expect(Number.isSafeInteger(head)).toBe(true);
      expect((await b.read(head - 1, 10)).changes.map(({ tag }) => tag)).toEqual(['after']);
    },
  );
});

describe('a key of another kind', () => {
  const shared = [
    'meta',
    'log',
    'last',
    'repos',
    'scopes',
    'keys',
    'pending',
    'due',
    'at',
    'moved',
    'ordered',
  ];
  const kinds = [...shared, 'listed', 'targets'];
  test.each(kinds)('%s is refused by name, and all goes on when it is gone', async (name) => {
    await redis.admin.multi().del(key(name)).set(key(name), 'ours').exec();
    const refusal = {
      code: 'UNAVAILABLE',
      message: expect.stringContaining(`key ${key(name)} in Redis holds a string`),
    };
    await expect(a.check()).rejects.toMatchObject(refusal);
    await expect(open({ url: redis.url, keyPrefix: prefix })).rejects.toMatchObject(refusal);
    const refused = range(1, 5).map((i) => a.record([tagSeen(`r${i}`, 'one', now())]));
    if (['meta', 'log', 'last'].includes(name))
      for (const one of refused) await expect(one).rejects.toMatchObject(refusal);
    await Promise.allSettled(refused);
    await redis.admin.del(key(name));
    await a.record([tagSeen('after', 'one', now())]);
    await a.check();
    const { floor, head } = await b.bounds();
    await until('the change', () => heard.every(({ changes }) => changes.at(-1)?.tag === 'after'));
    expect(sequences((await b.read(floor, 100)).changes)).toEqual(range(floor + 1, head));
  });

  test('of one repository is named, and the gateway is unready until a record succeeds', async () => {
    const rows = key(`t:${where.registry}/${where.repository}`);
    await redis.admin.multi().rename(rows, 'elsewhere').set(rows, 'ours').exec();
    const refusal = {
      code: 'UNAVAILABLE',
      message: expect.stringContaining(`${rows} in Redis holds a string`),
    };
    const { head } = await a.bounds();
    await expect(a.record([tagSeen('t1', 'two', now())])).rejects.toMatchObject(refusal);
    await expect(a.check()).rejects.toMatchObject(refusal);
    await b.check();
    expect((await a.bounds()).head).toBe(head);
    await redis.admin.rename('elsewhere', rows);
    await a.record([tagSeen('t1', 'two', now())]);
    await a.check();
  });
});

describe('a flipped bit', () => {
  const flip = (text: string) =>
    text.replace(/sha256:./, (found) => `${found.slice(0, -1)}${found.endsWith('0') ? '1' : '0'}`);

  test('in an entry is not served: the positions below it are given up, counted and logged', async () => {
    const before = metrics.value('ledger_redis_damaged_total');
    await rewrite(3, flip);
    expect(await a.read(0, 10)).toMatchObject({ next: 2, atHead: false });
    await expect(a.read(2, 10)).rejects.toMatchObject(lost);
    expect(sequences((await a.read(3, 10)).changes)).toEqual([4, 5]);
    expect(metrics.value('ledger_redis_damaged_total')).toBe(before + 1);
    expect(log.lines.some(({ fields }) => JSON.stringify(fields).includes('3 is damaged'))).toBe(true);
  });

  test('in a row is not served: not as a digest, nor as what the tag pointed at before', async () => {
    const rows = key(`t:${where.registry}/${where.repository}`);
    await redis.admin.hset(rows, 't2', flip((await redis.admin.hget(rows, 't2')) ?? ''));
    const { tags } = await a.listTags({ limit: 10 });
    expect(tags.map(({ digest }) => digest)).toEqual(
      ['one', null, 'one', 'one', 'one'].map((word) => (word === null ? null : digestOf(word))),
    );
    const { changes } = await a.record([tagSeen('t2', 'two', now())]);
    expect(changes).toMatchObject([{ type: 'tag.updated', digest: digestOf('two'), previousDigest: null }]);
    expect((await b.read(5, 10)).changes).toEqual(changes);
    expect((await a.listTags({ limit: 10 })).tags[1]?.digest).toBe(digestOf('two'));
  });

  test('that lost a row leaves its tag in the list, without a digest, and is counted', async () => {
    const before = metrics.value('ledger_redis_damaged_total');
    await redis.admin.hdel(key(`t:${where.registry}/${where.repository}`), 't2');
    const { tags } = await a.listTags({ limit: 10 });
    expect(tags.map(({ tag, digest }) => [tag, digest !== null])).toEqual([
      ...[
        ['t1', true],
        ['t2', false],
        ['t3', true],
        ['t4', true],
        ['t5', true],
      ],
    ]);
    expect(metrics.value('ledger_redis_damaged_total')).toBe(before + 1);
  });

  test('in the epoch is not told: it gets a new one', async () => {
    await redis.admin.hset(key('meta'), 'epoch', 'abc\nid: 1');
    const { epoch } = await a.bounds();
    expect(epoch).toMatch(/^[0-9a-z]{8}$/);
    await a.record([tagSeen('after', 'one', now())]);
    await expectOneReset('after');
  });
});

test('what waits for its digest and is no observation is dropped, and never asked of a registry', async () => {
  const [kept] = await a.defer([tagSeen('p', null, now())]);
  const text = await redis.admin.hget(key('pending'), kept?.id ?? '');
  const poisoned = (text ?? '').replace(where.repository, '../../admin/api?x=');
  await redis.admin.hset(key('pending'), { 'x-1': poisoned, 'x-2': 'no JSON' });
  await redis.admin.zadd(key('due'), 0, 'x-1', 0, 'x-2');
  const claimed = await a.claimPending(10, 60_000);
  expect(claimed.map(({ id }) => id)).toEqual([kept?.id]);
  expect(await redis.admin.hlen(key('pending'))).toBe(1);
});

test('a Redis that came back with an older snapshot gives no position out twice', async () => {
  await redis.admin.save();
  await a.record([tagSeen('t6', 'one', now())]);
  const before = await a.bounds();
  await redis.kill();
  await redis.start();
  await until('a push to be taken', async () => {
    await a.record([tagSeen('after', 'one', now())]);
    return true;
  });
  await expectOneReset('after');
  expect(await b.bounds()).toMatchObject({ head: 6 });
  expect((await b.bounds()).epoch).not.toBe(before.epoch);
});
