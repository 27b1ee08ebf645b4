/** What can be asked of every ledger: `src/ledger/queries.ts`. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HistoryQuery, TagListPage, TagListQuery } from '../../src/ledger/queries.ts';
import {
  baselined,
  digestOf,
  listed,
  lookedAt,
  manifestGone,
  manifestSeen,
  manifestType,
  repositoryGone,
  tagGone,
  tagSeen,
  where,
} from '../support/ledger-samples.ts';
import type { OpenLedger } from './ledger.ts';
import { listStateContract } from './ledger-list-states.ts';
import { manifestContract } from './ledger-manifests.ts';
import { allOf, follow, maxRowsLookedAt } from './ledger-pages.ts';
import { queryModelContract } from './ledger-query-model.ts';
import { brief, limits, minuteMs, repository, t, World } from './ledger-world.ts';

const bounds = { limits: { ...limits, maxRowsLookedAt } };
const hub = { registry: 'docker.io', repository: 'library/nginx' };

/** @param survives as for `ledgerContract` */
export function ledgerQueriesContract(name: string, open: OpenLedger, { survives = true } = {}): void {
  describe(`ledger queries contract: ${name}`, () => {
    const world = new World(open);
    beforeEach(() => world.begin(bounds));
    afterEach(() => world.end());

    listContract(world);
    stateContract(world, survives);
    historyContract(world);
    repositoryContract(world, survives);
    listStateContract(world);
    manifestContract(world, survives);
    queryModelContract(world, survives);
  });
}

function listContract(world: World): void {
  const { record, minutes, later } = world;
  const names = (rows: TagListPage['tags']) =>
    rows.map((row) => `${row.registry}/${row.repository}:${row.tag}`);
  const list = async (query: Partial<TagListQuery> = {}) =>
    names(await allOf(world.ledger, { limit: 3, ...query }));
  const at = (path: string, tag: string) => tagSeen(tag, 'one', t, { registry: 'r.io', repository: path });

  describe('lists of tags', () => {
    const fill = () =>
      record(
        ...['a-b/x', 'a/x/y', 'a', 'a/x', 'ab'].flatMap((path) => [
          at(path, '2'),
          at(path, 'B'),
          at(path, 'a'),
        ]),
        tagSeen('latest', 'one', t, hub),
      );

    test('by name are in byte order of registry, repository and tag; the other way round by desc', async () => {
      await fill();
      const all = [
        'docker.io/library/nginx:latest',
        ...['a', 'a-b/x', 'a/x', 'a/x/y', 'ab'].flatMap((path) =>
          ['2', 'B', 'a'].map((tag) => `r.io/${path}:${tag}`),
        ),
      ];
      expect(await list()).toEqual(all);
      expect(await list({ order: 'desc' })).toEqual(all.toReversed());
    });

    test('of some repositories have these alone, known or not', async () => {
      await fill();
      const within = { repositories: ['r.io/ab', 'r.io/no', 'r.io/a', 'docker.io/library/nginx'] };
      const some = [
        'docker.io/library/nginx:latest',
        'r.io/a:2',
        'r.io/a:B',
        'r.io/a:a',
        'r.io/ab:2',
        'r.io/ab:B',
      ];
      expect(await list({ within })).toEqual([...some, 'r.io/ab:a']);
      expect(await list({ within: { repositories: [] } })).toEqual([]);
    });

    test('below a name have whole segments: the name itself and what follows a slash', async () => {
      await fill();
      const repositories = async (below: string) =>
        [...new Set(await list({ within: { below } }))].filter((name) => name.endsWith(':a'));
      expect(await repositories('r.io/a')).toEqual(['r.io/a:a', 'r.io/a/x:a', 'r.io/a/x/y:a']);
      expect(await repositories('r.io/a/x')).toEqual(['r.io/a/x:a', 'r.io/a/x/y:a']);
      expect(await list({ within: { below: 'docker.io' } })).toEqual(['docker.io/library/nginx:latest']);
      expect(await list({ within: { below: 'r.i' } })).toEqual([]);
    });

    test('by last move are in order of updatedAt, of one repository and of many', async () => {
      later(10);
      await record(
        tagSeen('a', 'one', minutes(1)),
        tagSeen('b', 'one', minutes(3)),
        tagSeen('c', 'one', minutes(2)),
      );
      await record(tagSeen('x', 'one', minutes(2.5), hub), tagSeen('a', 'two', minutes(4)));
      const query = { sort: 'updated', limit: 2 } as const;
      const times = ['c', 'x', 'b', 'a'];
      const tags = async (more: Partial<TagListQuery>) =>
        (await allOf(world.ledger, { ...query, ...more })).map(({ tag }) => tag);
      expect(await tags({})).toEqual(times);
      expect(await tags({ order: 'desc' })).toEqual(times.toReversed());
      expect(await tags({ within: { repositories: [repository] } })).toEqual(['c', 'b', 'a']);
      expect(await tags({ within: { below: where.registry }, order: 'desc' })).toEqual(['a', 'b', 'c']);
      expect(await tags({ within: { repositories: [repository, 'docker.io/library/nginx'] } })).toEqual(
        times,
      );
    });

    test('begin at any place, whether a row is there or not', async () => {
      await record(...['1', 'sha256-a', 'sha256-b', 'v1'].map((tag) => tagSeen(tag, 'one', t)));
      const from = { ...where, tag: 'sha256-', updatedAt: 0 };
      const within = { repositories: [repository] };
      const { tags } = await world.ledger.listTags({ within, after: from, limit: 10 });
      expect(tags.map(({ tag }) => tag)).toEqual(['sha256-a', 'sha256-b', 'v1']);
      await record(tagGone('sha256-a', t));
      const next = await world.ledger.listTags({ within, after: { ...from, tag: 'sha256-a' }, limit: 10 });
      expect(next.tags.map(({ tag }) => tag)).toEqual(['sha256-b', 'v1']);
      expect(next.next).toBeNull();
    });

    test('come to their end in bounded steps, though hardly a row matches', async () => {
      for (let i = 0; i < 60; i += 1)
        await record(
          tagSeen(`t${i}`, 'one', t, { repository: i % 30 === 7 ? 'rare/app' : `many/r${i % 6}` }),
        );
      const within = { below: `${where.registry}/rare` };
      for (const sort of ['name', 'updated'] as const)
        expect(await list({ within, sort, limit: 50 })).toEqual(
          ['t37', 't7'].map((tag) => `${where.registry}/rare/app:${tag}`),
        );
    });

    test('hold no deleted tag, and one that came back once', async () => {
      await record(tagSeen('a', 'one', t), tagGone('a', t), tagSeen('b', 'one', t));
      expect(await world.tagsNow()).toEqual(['b one']);
      expect((await list()).length).toBe(1);
      await record(tagSeen('a', 'two', t));
      for (const sort of ['name', 'updated'] as const) expect((await list({ sort })).length).toBe(2);
    });
  });

  describe('tags at a digest', () => {
    const at = async (word: string, more: object = {}) => {
      const query = { digest: digestOf(word), limit: 2, ...more };
      return names(
        await follow((after) => world.ledger.tagsAt(after === null ? query : { ...query, after })),
      );
    };

    test('are found in every repository, ordered by name', async () => {
      await record(
        ...['c', 'a', 'b'].map((tag) => tagSeen(tag, 'one', t)),
        ...['x', 'y'].map((tag) => tagSeen(tag, 'one', t, hub)),
        tagSeen('d', 'two', t),
      );
      const hubs = ['docker.io/library/nginx:x', 'docker.io/library/nginx:y'];
      expect(await at('one')).toEqual([...hubs, ...['a', 'b', 'c'].map((tag) => `${repository}:${tag}`)]);
      expect(await at('one', { within: { below: 'docker.io' } })).toEqual(hubs);
      expect(await at('one', { within: { repositories: [repository] } })).toHaveLength(3);
      expect(await at('three')).toEqual([]);
    });

    test('are those that point there now', async () => {
      await record(...['a', 'b', 'c'].map((tag) => tagSeen(tag, 'one', t)));
      await record(tagSeen('a', 'two', t), tagGone('b', t));
      expect(await at('one')).toEqual([`${repository}:c`]);
      expect(await at('two')).toEqual([`${repository}:a`]);
      await record(manifestGone('one', t));
      expect(await at('one')).toEqual([]);
    });
  });
}

function stateContract(world: World, survives: boolean): void {
  const { record, minutes, later } = world;
  const stateOf = async (tag: string) => (await world.ledger.states([{ ...where, tag }]))[0] ?? null;
  const ageOf = async (tag: string) => (await stateOf(tag))?.checkedAgeMs;

  describe('states', () => {
    test('of many tags come in the order of the question; null is a tag never heard of', async () => {
      await record(tagSeen('a', 'one', t), tagSeen('b', 'two', t), tagGone('b', t));
      const states = await world.ledger.states(['b', 'none', 'a'].map((tag) => ({ ...where, tag })));
      expect(states).toMatchObject([
        { tag: 'b', present: false, digest: null, mediaType: null, size: null, sequence: 3 },
        null,
        {
          tag: 'a',
          present: true,
          digest: digestOf('one'),
          mediaType: manifestType,
          sequence: 1,
          firstSeenAt: t,
        },
      ]);
    });

    test('say how long ago a look confirmed the tag, changed or not', async () => {
      await record(lookedAt('a', 'one', 300));
      expect(await ageOf('a')).toBe(300);
      later(1);
      expect(await ageOf('a')).toBe(minuteMs + 300);
      await record(lookedAt('a', 'one', 200));
      expect(await ageOf('a')).toBe(200);
      await record({ ...tagGone('a', 0), looked: true, ageMs: 50 });
      expect(await stateOf('a')).toMatchObject({ present: false });
    });

    test('take a webhook for as old as its sender says, so that a late one confirms only the past', async () => {
      later(10);
      await record(tagSeen('a', 'one', minutes(9)));
      expect(await ageOf('a')).toBe(minuteMs);
      await record(tagSeen('a', 'one', minutes(8), { origin: 'webhook:other' }));
      expect(await ageOf('a')).toBe(minuteMs);
      await record(tagSeen('a', 'two', minutes(9.5), { origin: 'webhook:other' }));
      expect(await ageOf('a')).toBe(minuteMs / 2);
      // A sender whose clock is ahead.
      await record(tagSeen('a', 'two', minutes(15), { origin: 'webhook:other' }));
      expect(await ageOf('a')).toBe(0);
    });

    test('say what waits for its turn, as of when it was said, until that is decided', async () => {
      const asked = (word: string, saidAt: number) => ({
        ...tagSeen('a', word, saidAt),
        awaits: 'platforms' as const,
      });
      later(10);
      await record(tagSeen('a', 'one', minutes(1)), tagSeen('b', 'one', minutes(1)));
      expect(await stateOf('a')).not.toHaveProperty('waiting');
      await record(asked('two', minutes(9)));
      expect(await stateOf('a')).toMatchObject({
        ...{ digest: digestOf('one'), checkedAgeMs: 9 * minuteMs },
        waiting: { present: true, digest: digestOf('two'), mediaType: manifestType, checkedAgeMs: minuteMs },
      });
      expect(await stateOf('b')).not.toHaveProperty('waiting');
      later(1);
      await record({ ...lookedAt('a', 'three', 200), awaits: 'platforms' });
      later(1);
      expect((await stateOf('a'))?.waiting).toMatchObject({
        ...{ digest: digestOf('three'), checkedAgeMs: minuteMs + 200 },
      });
      await record(tagGone('a', minutes(12)));
      const gone = { present: false, digest: null, mediaType: null, size: null, checkedAgeMs: 0 };
      expect((await stateOf('a'))?.waiting).toEqual(gone);
      for (let turns = await world.ledger.claimTurns(1, 1); turns.length > 0; ) {
        for (const { id, observation } of turns)
          await world.ledger.record([{ ...observation, waited: true }], [id]);
        turns = await world.ledger.claimTurns(1, 1);
      }
      expect(await stateOf('a')).toMatchObject({ present: false });
      expect(await stateOf('a')).not.toHaveProperty('waiting');
    });

    test('are not confirmed by a push without digest', async () => {
      await record(tagSeen('a', 'one', t));
      later(1);
      await record(tagSeen('a', null, t));
      expect(await ageOf('a')).toBe(minuteMs);
      await record(tagSeen('a', null, minutes(1)));
      expect(await stateOf('a')).toMatchObject({ digest: null, checkedAgeMs: null });
      world.clock.advance(50);
      await record(lookedAt('a', 'two', 10));
      expect(await stateOf('a')).toMatchObject({ digest: digestOf('two'), checkedAgeMs: 10 });
    });

    test('learn the media type and size that a list did not give, without a change', async () => {
      await record(lookedAt('a', 'one', 0, { mediaType: null, size: null }));
      expect(await stateOf('a')).toMatchObject({ mediaType: null, size: null });
      expect(await record(lookedAt('a', 'one'))).toEqual(['unchanged']);
      expect(await stateOf('a')).toMatchObject({ mediaType: manifestType, size: 1_003, sequence: 1 });
      await record(lookedAt('a', 'one', 0, { mediaType: null, size: null }));
      expect(await stateOf('a')).toMatchObject({ mediaType: manifestType, size: 1_003 });
    });

    test('do not know an age over a step back of the clock', async () => {
      await record(lookedAt('a', 'one'));
      world.clock.setWall(t - 60 * minuteMs);
      // Redis learns of the time by what its gateways ask.
      await world.ledger.check();
      await record(tagSeen('b', 'one', t));
      expect(await ageOf('a')).toBeNull();
      await record(lookedAt('a', 'one', 0));
      expect(await ageOf('a')).toBe(0);
    });

    if (survives)
      test('are there after opening again, with their ages', async () => {
        await record(lookedAt('a', 'one'));
        later(1);
        await world.reopen();
        expect(await stateOf('a')).toMatchObject({ digest: digestOf('one'), checkedAgeMs: minuteMs });
      });

    test('of more than a thousand tags at once are a defect of the caller', async () => {
      const names = Array.from({ length: 1_001 }, () => ({ ...where, tag: 'a' }));
      await expect(world.ledger.states(names)).rejects.toThrow(RangeError);
    });
  });

  describe('digests of a repository', () => {
    const known = async (...words: string[]) => world.ledger.digests(where, words.map(digestOf));

    test('are known by tag, push and look, with what was said of them, and only where they were seen', async () => {
      await record(tagSeen('a', 'one', t), manifestSeen('bare', t), tagSeen('b', 'two', t, hub));
      expect(await known('one', 'bare', 'two')).toEqual([
        { present: true, mediaType: manifestType, size: 1_003 },
        { present: true, mediaType: manifestType, size: 1_004 },
        null,
      ]);
    });

    test('enter silently if the registry was asked for one', async () => {
      const answer = {
        ...manifestSeen('bare', 0, { silent: true, origin: 'facade' }),
        looked: true as const,
      };
      const { saidAt: _, ...seen } = answer;
      expect(await record(seen)).toEqual(['filled']);
      expect(await known('bare')).toMatchObject([{ present: true }]);
      expect(await record(seen)).toEqual(['unchanged']);
    });

    test('keep what they are when their tag has left, and when they are deleted', async () => {
      await record(tagSeen('a', 'one', t), tagSeen('a', 'two', t));
      expect(await known('one')).toEqual([{ present: true, mediaType: manifestType, size: 1_003 }]);
      await record(manifestGone('one', t));
      expect(await known('one')).toEqual([{ present: false, mediaType: manifestType, size: 1_003 }]);
    });

    test.each([
      ['moved', () => tagSeen('a', 'two', minutes(50))],
      ['was deleted', () => tagGone('a', minutes(50))],
    ])('stay as long as the change by which their tag %s, however old they are', async (_name, end) => {
      await record(tagSeen('a', 'one', t));
      later(50);
      await record(end());
      later(59);
      await world.ledger.trim();
      expect(await known('one')).toMatchObject([{ present: true }]);
      later(2);
      await world.ledger.trim();
      expect(await known('one')).toEqual([null]);
    });
  });
}

function historyContract(world: World): void {
  const { record, minutes, later } = world;
  const all = async (query: Partial<HistoryQuery>) => {
    const found: string[] = [];
    for (let before: number | undefined; ; ) {
      const from = before === undefined ? {} : { before };
      const page = await world.ledger.history({ limit: 2, ...query, ...from });
      expect(page.looked).toBeLessThanOrEqual(maxRowsLookedAt);
      expect(page.looked).toBeGreaterThanOrEqual(page.changes.length);
      expect(page.bounds).toEqual(await world.ledger.bounds());
      found.push(...page.changes.map((change) => `${change.sequence} ${brief(change)}`));
      if (page.next === null) return found;
      before = page.next;
    }
  };
  const fill = () =>
    record(
      tagSeen('a', 'one', t),
      tagSeen('b', 'one', t),
      tagSeen('a', 'two', t),
      tagSeen('a', 'three', t, hub),
      manifestSeen('bare', t),
      tagGone('a', t),
      tagSeen('a', 'four', t),
    );

  describe('history', () => {
    test('of a tag is newest first, its deletions too, and of no other tag', async () => {
      await fill();
      const tag = [
        '7 tag.created a four←',
        '6 tag.deleted a ←two',
        '3 tag.updated a two←one',
        '1 tag.created a one←',
      ];
      expect(await all({ of: { ...where, tag: 'a' } })).toEqual(tag);
      expect(await all({ of: { ...where, tag: 'a' }, before: 6 })).toEqual(tag.slice(2));
      expect(await all({ of: { ...where, tag: 'none' } })).toEqual([]);
      expect(await all({ of: { ...where, repository: 'no/such', tag: 'a' } })).toEqual([]);
    });

    test('of a repository has changes without a tag; of everything has all', async () => {
      await fill();
      const sequences = async (query: Partial<HistoryQuery>) =>
        (await all(query)).map((line) => Number(line.split(' ')[0]));
      expect(await sequences({ of: where })).toEqual([7, 6, 5, 3, 2, 1]);
      expect(await sequences({})).toEqual([7, 6, 5, 4, 3, 2, 1]);
      expect(await sequences({ of: where, types: ['tag.deleted', 'manifest.pushed'] })).toEqual([6, 5]);
      expect(await sequences({ of: { ...where, tag: 'a' }, types: ['tag.updated'], before: 3 })).toEqual([]);
      expect(await sequences({ before: 1 })).toEqual([]);
      expect(await sequences({ before: 1_000 })).toHaveLength(7);
    });

    test('ends at the floor', async () => {
      await fill();
      later(50);
      await record(tagSeen('a', 'one', minutes(50)));
      later(11);
      await world.ledger.trim();
      expect(await all({ of: { ...where, tag: 'a' } })).toEqual(['8 tag.updated a one←four']);
      expect(await world.ledger.history({ limit: 10, before: 3 })).toMatchObject({ changes: [], next: null });
    });

    test('comes to its end in bounded steps, though no change matches', async () => {
      for (let i = 0; i < 50; i += 1) await record(tagSeen('a', `${i}`, t));
      expect(await all({ of: where, types: ['manifest.deleted'] })).toEqual([]);
    });

    test('of a tag is read without reading its neighbours', async () => {
      await record(tagSeen('rare', 'one', t));
      for (let i = 0; i < 50; i += 1) await record(tagSeen('busy', `${i}`, t));
      await record(tagSeen('rare', 'two', t));
      const page = await world.ledger.history({ of: { ...where, tag: 'rare' }, limit: 10 });
      expect(page.changes.map(({ sequence }) => sequence)).toEqual([52, 1]);
      expect(page.looked).toBe(2);
    });
  });
}

function repositoryContract(world: World, survives: boolean): void {
  const { record, later } = world;
  const named = async (query: object = {}) => {
    const found = [];
    for (let after: object = {}; ; ) {
      const page = await world.ledger.listRepositories({ limit: 2, ...query, ...after });
      expect(page.looked).toBeLessThanOrEqual(maxRowsLookedAt);
      found.push(...page.repositories);
      if (page.next === null) return found;
      after = { after: page.next };
    }
  };
  const one = async () => (await named({ within: { repositories: [repository] } }))[0];

  describe('repositories', () => {
    test('are in byte order, all, some, or below a name', async () => {
      const paths = ['a-b/x', 'a/x/y', 'a', 'a/x', 'ab'];
      await record(
        ...paths.map((path) => tagSeen('1', 'one', t, { repository: path })),
        tagSeen('1', 'one', t, hub),
      );
      const names = async (query: object) => (await named(query)).map((row) => row.repository);
      expect(await names({})).toEqual(['library/nginx', 'a', 'a-b/x', 'a/x', 'a/x/y', 'ab']);
      expect(await names({ within: { below: `${where.registry}/a` } })).toEqual(['a', 'a/x', 'a/x/y']);
      expect(await names({ within: { repositories: [`${where.registry}/ab`, 'no.io/x'] } })).toEqual(['ab']);
      expect(await names({ after: { ...where, repository: 'a/b' } })).toEqual(['a/x', 'a/x/y', 'ab']);
    });

    test('have a number of tags and a last change, also after moves, deletes and trims', async () => {
      await record(tagSeen('a', 'one', t), tagSeen('b', 'one', t), tagSeen('a', 'two', t));
      expect(await one()).toMatchObject({ tags: 2, lastChange: { sequence: 3, tag: 'a' }, polled: false });
      await record(tagGone('a', t), tagSeen('s', 'one', t, { silent: true }));
      expect(await one()).toMatchObject({
        tags: 2,
        lastChange: { sequence: 4, type: 'tag.deleted' },
        listed: null,
      });
      later(61);
      await world.ledger.trim();
      expect(await one()).toMatchObject({ tags: 2, lastChange: null });
      await record(tagGone('b', world.clock.now()), tagGone('s', world.clock.now()));
      expect(await one()).toBeUndefined();
    });

    test('are polled once a poll has looked at a scope of theirs', async () => {
      await record(tagSeen('a', 'one', t), baselined('1.*', t));
      expect(await one()).toMatchObject({ polled: true, listed: null });
    });

    test('are listed once a list was read whole; a list read down to what was known renews that', async () => {
      await record(tagSeen('a', 'one', t));
      await record(listed(false));
      expect(await one()).toMatchObject({ listed: null });
      expect(await record(listed(true, 500))).toEqual(['unchanged']);
      expect(await one()).toMatchObject({ polled: true, listed: { wholeAgeMs: 500, readAgeMs: 500 } });
      later(1);
      await record(listed(false, 100));
      expect(await one()).toMatchObject({ listed: { wholeAgeMs: minuteMs + 500, readAgeMs: 100 } });
      // Of two gateways, the slower one says it later.
      await record(listed(true, 30_000));
      expect(await one()).toMatchObject({ listed: { wholeAgeMs: 30_000, readAgeMs: 100 } });
    });

    test('may be listed and empty; their end forgets their list', async () => {
      await record(listed(true));
      expect(await one()).toMatchObject({ tags: 0, listed: { wholeAgeMs: 0 } });
      await record(repositoryGone(t));
      expect(await one()).toBeUndefined();
    });

    test('forget a list that was not read for the age of retention', async () => {
      await record(tagSeen('a', 'one', t), listed(true));
      later(50);
      await record(listed(false));
      later(59);
      await world.ledger.trim();
      expect(await one()).toMatchObject({ listed: { readAgeMs: 59 * minuteMs } });
      later(2);
      await world.ledger.trim();
      expect(await one()).toMatchObject({ listed: null });
    });

    test('have lists of unknown age after a step back of the clock', async () => {
      await record(listed(true));
      world.clock.setWall(t - 60 * minuteMs);
      await world.ledger.check();
      await record(tagSeen('a', 'one', t));
      expect(await one()).toMatchObject({ listed: { wholeAgeMs: null, readAgeMs: null } });
    });

    if (survives)
      test('are there after opening again', async () => {
        await record(tagSeen('a', 'one', t), listed(true));
        const before = await one();
        await world.reopen();
        expect(await one()).toEqual(before);
      });
  });
}
