/** What the contract's small ledgers do not reach: many holders of a digest, crowded repositories, damaged links. */
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Observation } from '../../../../src/event/observation.ts';
import { defaultLimits } from '../../../../src/ledger/options.ts';
import type { TagListPage, TagListQuery, TagPlace } from '../../../../src/ledger/queries.ts';
import { SqliteStore } from '../../../../src/ledger/sqlite/store.ts';
import { maxUncrowded } from '../../../../src/ledger/sqlite/tag-counts.ts';
import { type LedgerFolder, ledgerFolder } from '../../../support/ledger-files.ts';
import { digestOf, repositoryGone, tagGone, tagSeen, where } from '../../../support/ledger-samples.ts';

const t = Date.UTC(2026, 0, 1);
const maxLooked = 40;

describe('queries of the SQLite ledger', () => {
  let folder: LedgerFolder;
  let store: SqliteStore;
  let now = t;

  const open = (maxRowsLookedAt = maxLooked) =>
    new SqliteStore({
      path: folder.path,
      epoch: 'epoch001',
      openedAt: 0,
      busyTimeoutMs: 10,
      maxFileBytes: null,
      retention: { maxChanges: 10_000, maxAgeMs: 3_600_000 },
      limits: { ...defaultLimits, maxRowsLookedAt },
    });
  const record = (...observations: Observation[]) => {
    now += 1;
    store.commit([{ kind: 'record', observations, settles: [] }], now);
  };
  const all = (read: (after: TagPlace | undefined) => TagListPage, most = maxLooked) => {
    const found: string[] = [];
    for (let after: TagPlace | undefined; ; ) {
      const { tags, next, looked } = read(after);
      expect(looked).toBeLessThanOrEqual(most);
      found.push(...tags.map(({ repository, tag }) => `${repository}:${tag}`));
      if (next === null) return found;
      after = next;
    }
  };
  const list = (query: TagListQuery, most = maxLooked) =>
    all((after) => store.queries.listTags(after === undefined ? query : { ...query, after }), most);
  const holders = (query: { limit: number; within?: TagListQuery['within'] }) => {
    const asked = {
      digest: digestOf('one'),
      limit: query.limit,
      ...(query.within && { within: query.within }),
    };
    return all((after) => store.queries.tagsAt(after === undefined ? asked : { ...asked, after }));
  };

  beforeEach(() => {
    folder = ledgerFolder();
    now = t;
    store = open();
  });
  afterEach(() => {
    store.close();
    folder.remove();
  });

  test('a digest in more repositories than can be sorted is found on a walk through them', () => {
    const paths = Array.from({ length: 60 }, (_, i) => `r${String((i * 37) % 60).padStart(2, '0')}`);
    // Numbers of repositories are not in the order of their names; every third holds the digest.
    for (const [i, path] of paths.entries())
      record(tagSeen('a', i % 3 < 2 ? 'one' : 'two', now, { repository: path }));
    const expected = paths
      .filter((_, i) => i % 3 < 2)
      .sort()
      .map((path) => `${path}:a`);
    for (const limit of [1, 7, 100]) expect(holders({ limit })).toEqual(expected);
    const few = [3, 17, 50].map((i) => `${where.registry}/${paths[i]}`);
    expect(holders({ limit: 2, within: { repositories: few } })).toEqual(
      expected.filter((name) => few.some((key) => `${key}:a`.endsWith(`/${name}`))),
    );
  });

  test('repositories that are asked for by name and not known are counted as looked at', () => {
    record(tagSeen('a', 'one', now));
    const repositories = Array.from({ length: 100 }, (_, i) => `none.example/r${i}`);
    const within = { repositories: [...repositories, `${where.registry}/${where.repository}`] };
    expect(store.queries.listTags({ within, limit: 10 })).toMatchObject({ tags: [], looked: maxLooked });
    for (const order of ['asc', 'desc'] as const)
      expect(list({ within, order, limit: 10 })).toEqual(['library/base:a']);
    expect(holders({ within, limit: 10 })).toEqual(['library/base:a']);
    expect(list({ within, sort: 'updated', limit: 10 })).toEqual(['library/base:a']);
  });

  test('a long run of deleted tags is passed in bounded steps', () => {
    for (let i = 100; i < 250; i += 1) record(tagSeen(`t${i}`, 'one', now));
    for (let i = 101; i < 249; i += 1) record(tagGone(`t${i}`, now));
    for (const sort of ['name', 'updated'] as const)
      expect(
        list({ sort, limit: 10, within: { repositories: [`${where.registry}/${where.repository}`] } }),
      ).toEqual(['library/base:t100', 'library/base:t249']);
  });

  test('crowded repositories and others are merged by last move, in both directions', () => {
    store.close();
    store = open(4_000);
    const crowd = (path: string, count: number) =>
      Array.from({ length: count }, (_, i) => tagSeen(`t${i}`, 'one', t, { repository: path }));
    record(...crowd('a/large', maxUncrowded + 1));
    record(...crowd('a/small', 3));
    record(...crowd('a/other', maxUncrowded));
    record(tagSeen('new', 'one', t, { repository: 'a/other' }));
    for (const path of ['a/large', 'a/small', 'a/other', 'b/else'])
      for (const tag of ['t1', 't2']) record(tagSeen(tag, 'two', now, { repository: path }));
    expect(crowded()).toEqual({ 'a/large': 501, 'a/other': 501 });
    const within = { below: `${where.registry}/a` };
    const moved = (order: 'asc' | 'desc') => list({ within, sort: 'updated', order, limit: 333 }, 4_000);
    const newest = moved('desc');
    expect(newest.slice(0, 6)).toEqual([
      'a/other:t2',
      'a/other:t1',
      'a/small:t2',
      'a/small:t1',
      'a/large:t2',
      'a/large:t1',
    ]);
    expect(new Set(newest).size).toBe(501 + 501 + 3);
    expect(moved('asc').toReversed()).toEqual(newest);
    expect(list({ sort: 'updated', order: 'desc', limit: 333 }, 4_000).slice(2, 8)).toEqual(
      newest.slice(0, 6),
    );
    record(repositoryGone(now, { repository: 'a/large' }));
    expect(moved('desc')).toHaveLength(504);
    record(...crowd('a/large', 2).map((seen) => ({ ...seen, saidAt: now })));
    expect(moved('desc').slice(0, 2).sort()).toEqual(['a/large:t0', 'a/large:t1']);
    expect(crowded()).toEqual({ 'a/large': 501, 'a/other': 501 });
  });

  /** Rows of each crowded repository, all of which must say so. */
  function crowded(): Record<string, number> {
    const db = new Database(folder.path, { readonly: true });
    const rows = db
      .prepare<[], { name: string; crowded: number; rows: number; repository: number }>(
        `SELECT repository.name, tag.crowded, count(*) AS rows, repository.crowded AS repository
           FROM tag JOIN repository ON repository.id = repository_id GROUP BY 1, 2`,
      )
      .all();
    db.close();
    for (const row of rows) expect(row.crowded).toBe(row.repository);
    return Object.fromEntries(rows.filter((row) => row.crowded === 1).map((row) => [row.name, row.rows]));
  }

  describe('the history of a tag', () => {
    const of = { ...where, tag: 'a' };
    const history = (before?: number) => {
      const found: number[] = [];
      let looked = 0;
      for (let at = before; ; ) {
        const page = store.queries.history({ of, limit: 5, ...(at === undefined ? {} : { before: at }) });
        expect(page.looked).toBeLessThanOrEqual(maxLooked);
        found.push(...page.changes.map(({ sequence }) => sequence));
        looked += page.looked;
        if (page.next === null) return { found, looked };
        at = page.next;
      }
    };
    /** 200 changes, of which every tenth is the tag's. */
    const fill = () => {
      for (let i = 1; i <= 200; i += 1) record(tagSeen(i % 10 === 0 ? 'a' : 'b', `w${i}`, now));
    };
    const own = Array.from({ length: 20 }, (_, i) => 200 - 10 * i);
    const spoil = (sql: string) => {
      store.close();
      const db = new Database(folder.path);
      db.exec(sql);
      db.close();
      store = open();
    };

    test('begins anywhere', () => {
      fill();
      for (const before of [201, 200, 195, 101, 100, 99, 15, 10, 5])
        expect(history(before).found).toEqual(own.filter((sequence) => sequence < before));
      expect(history().looked).toBeLessThan(40);
    });

    test('of an earlier version, whose changes do not name each other, is found in bounded steps', () => {
      fill();
      spoil('UPDATE change SET previous = NULL WHERE sequence <= 120');
      expect(history().found).toEqual(own);
      expect(history(101).found).toEqual(own.filter((sequence) => sequence < 101));
    });

    test('does not follow a damaged link to another tag', () => {
      fill();
      spoil(
        "UPDATE change SET previous = 77 WHERE sequence = 100; UPDATE tag SET sequence = 199 WHERE name = 'a'",
      );
      spoil("UPDATE tag SET checksum = NULL WHERE name = 'a'");
      expect(history().found).toEqual(own);
    });

    test('ends above a damaged change: the floor rises over it', () => {
      fill();
      spoil('UPDATE change SET size = 1 WHERE sequence = 60');
      expect(history().found).toEqual(own.filter((sequence) => sequence > 60));
      expect(store.bounds().floor).toBe(60);
    });

    test('is kept with its deletion as long as its changes, though the clock stepped', () => {
      record(tagSeen('a', 'one', t), tagSeen('b', 'one', t));
      record(tagGone('a', now));
      expect(history().found).toEqual([3, 1]);
      while (!store.trim(now + 3_700_000).done);
      expect(history().found).toEqual([]);
    });
  });
});
