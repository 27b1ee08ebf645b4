// @needs redis-server
/** Lists by last move: small repositories are sorted when asked, large ones have an order of their own. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TagListQuery } from '../../../../src/ledger/queries.ts';
import type { SharedLedger } from '../../../../src/ledger/redis/redis.ts';
import { countingMetrics } from '../../../support/counting-metrics.ts';
import { lookedAt, repositoryGone, tagGone, tagSeen, where } from '../../../support/ledger-samples.ts';
import type { RedisNode } from '../../../support/redis.ts';
import { freshPrefix, range, redisBench } from '../../../support/redis-ledger.ts';

const { start, open, cleanUp } = redisBench();
afterEach(cleanUp);

const name = (repository: string) => `${where.registry}/${repository}`;
const t = Date.UTC(2026, 0, 1);
const metrics = countingMetrics();

let redis: RedisNode;
let ledger: SharedLedger;
let prefix: string;
const key = (part: string) => `{${prefix}}:${part}`;
const hasOrder = async (repository: string) =>
  (await redis.admin.exists(key(`u:${name(repository)}`))) === 1 &&
  (await redis.admin.hexists(key('ordered'), name(repository))) === 1;

beforeEach(async () => {
  redis = await start();
  prefix = freshPrefix();
  // Repositories of up to 5 tags have no order.
  ledger = await open({ url: redis.url, keyPrefix: prefix, metrics, limits: { maxRowsLookedAt: 40 } });
});

/** The tags of the repositories by last move, in pages of 3, and how many rows were looked at. */
async function moved(repositories: readonly string[], order: 'asc' | 'desc' = 'asc') {
  const query: TagListQuery = {
    within: { repositories: repositories.map(name) },
    ...{ sort: 'updated', order, limit: 3 },
  };
  const found: string[] = [];
  let looked = 0;
  for (let after = {}; ; ) {
    const page = await ledger.listTags({ ...query, ...after });
    expect(page.looked).toBeLessThanOrEqual(40);
    found.push(...page.tags.map(({ tag }) => tag));
    looked += page.looked;
    if (page.next === null) return { found, looked };
    after = { after: page.next };
  }
}

const push = (repository: string, i: number, at = t + i) => tagSeen(`t${i}`, `${i}`, at, { repository });
const tags = (from: number, to: number) => range(from, to).map((i) => `t${i}`);

describe('a repository', () => {
  test.each([
    ['one by one', 1],
    ['in one call', 12],
  ])('that becomes large %s has an order from then on', async (_name, size) => {
    for (let i = 1; i <= 12; i += size) {
      await ledger.record(range(i, i + size - 1).map((n) => push('a', n, t + 100 - n)));
      expect(await hasOrder('a')).toBe(i + size - 1 > 5);
      const { found } = await moved(['a']);
      expect(found).toEqual(tags(1, i + size - 1).toReversed());
    }
    await ledger.record([
      tagSeen('t7', 'new', t + 200, { repository: 'a' }),
      tagGone('t3', t + 300, { repository: 'a' }),
    ]);
    const rest = [...tags(8, 12).toReversed(), 't6', 't5', 't4', 't2', 't1', 't7'];
    expect((await moved(['a'])).found).toEqual(rest);
    expect((await moved(['a'], 'desc')).found).toEqual(rest.toReversed());
  });

  test('that was large, ended and came back is listed as it is now', async () => {
    await ledger.record(range(1, 9).map((i) => push('a', i)));
    await ledger.record([repositoryGone(t + 50, { repository: 'a' })]);
    expect((await moved(['a'])).found).toEqual([]);
    await ledger.record(range(4, 6).map((i) => push('a', i, t + 100 - i)));
    expect((await moved(['a'])).found).toEqual(['t6', 't5', 't4']);
  });

  test('of few tags is read once a page, and equal times are in the order of names', async () => {
    await ledger.record(range(1, 5).map((i) => push('a', i, t)));
    expect(await moved(['a'])).toEqual({ found: tags(1, 5), looked: 10 });
    expect((await moved(['a'], 'desc')).found).toEqual(tags(1, 5).toReversed());
  });

  test('of few tags gives damaged rows too, with those that name no media type in their place', async () => {
    const at = { repository: 'a', mediaType: null };
    await ledger.record([push('a', 1), lookedAt('t2', '2', 0, at), push('a', 3), push('a', 4)]);
    await redis.admin.hset(key(`t:${name('a')}`), 't3', '["sha256:x"]', 't4', 'rubbish');
    expect((await moved(['a'])).found).toEqual(['t3', 't4', 't1', 't2']);
    expect(metrics.value('ledger_redis_damaged_total')).toBeGreaterThan(0);
  });
});

test('a large repository that retention forgets leaves no mark', async () => {
  let offsetMs = 0;
  const clocks = { now: () => Date.now() + offsetMs, monotonic: () => performance.now() + offsetMs };
  const retention = { maxChanges: 10, maxAgeMs: 1_000 };
  const short = { url: redis.url, keyPrefix: freshPrefix(), limits: { maxRowsLookedAt: 40 } };
  const old = await open({ ...short, ...clocks, retention });
  const marks = () => redis.admin.hkeys(`{${short.keyPrefix}}:ordered`);
  await old.record(range(1, 9).map((i) => push('a', i)));
  await old.record([repositoryGone(t + 50, { repository: 'a' })]);
  expect(await marks()).toEqual(['', name('a')]);
  await old.trim();
  offsetMs = 11 * 60_000;
  await old.trim();
  expect(await marks()).toEqual(['']);
});

describe('several repositories', () => {
  test.each<readonly [string, readonly number[]]>([
    ['small ones', [4, 4]],
    ['a large and a small one', [15, 3]],
    ['more tags than one call may read', [5, 5, 5, 5, 5, 5, 5, 5, 5]],
  ])('are merged: %s', async (_name, counts) => {
    const paths = counts.map((_, i) => `r${i}`);
    const moves = counts.flatMap((count, i) =>
      range(1, count).map((n) => ({ path: paths[i] ?? '', tag: n, at: ((n * 7 + i * 11) % 23) * 1_000 + i })),
    );
    for (const { path, tag, at } of moves) await ledger.record([push(path, tag, t + at)]);
    await ledger.record([push('other', 1, t + 5_000)]);
    const expected = moves.toSorted((a, b) => a.at - b.at || (a.path < b.path ? -1 : 1));
    const found = await moved(paths);
    expect(found.found).toEqual(expected.map(({ tag }) => `t${tag}`));
    expect((await moved(paths, 'desc')).found).toEqual(found.found.toReversed());
  });

  test('have tags of one time in the order of names', async () => {
    const paths = ['a', 'a-b', 'a/x', 'ab', 'b'];
    for (const path of paths.toReversed()) await ledger.record([2, 1, 3].map((i) => push(path, i, t)));
    const { found } = await moved(paths);
    expect(found).toEqual(paths.flatMap(() => tags(1, 3)));
    const query = { within: { repositories: paths.map(name) }, sort: 'updated', limit: 15 } as const;
    const { tags: rows } = await ledger.listTags(query);
    expect(rows.map((row) => row.repository)).toEqual(paths.flatMap((path) => [path, path, path]));
    expect((await ledger.listTags({ ...query, order: 'desc' })).tags).toEqual(rows.toReversed());
  });

  test('have a media type with quotes and commas where it belongs', async () => {
    const odd = ['x;y="",5,1,9,9,1,"', 'x,1,1,1,1,1,1', '"', '\\', ''];
    await ledger.record(
      odd.map((mediaType, i) => tagSeen(`t${i}`, `${i}`, t + 10 - i, { repository: `r${i % 2}`, mediaType })),
    );
    expect((await moved(['r0', 'r1'])).found).toEqual(['t4', 't3', 't2', 't1', 't0']);
  });
});
