/** Lists of tags, and the tags at a digest. */
import { describe, expect, test } from 'vitest';
import type { TagListPage, TagListQuery } from '../../../src/ledger/queries.ts';
import { digestOf, hub, manifestGone, tagGone, tagSeen, where } from '../../support/ledger-samples.ts';
import { allOf, follow } from '../ledger-pages.ts';
import { repository, t, type World } from '../ledger-world.ts';

/** @param world begun anew for each test */
export function listContract(world: World): void {
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

    test('of a named repository read no rows of larger ones', async () => {
      await record(...Array.from({ length: 30 }, (_, i) => at('large', `${i}`)), at('small', 'a'));
      const within = { repositories: ['r.io/small'] };
      for (const sort of ['name', 'updated'] as const) {
        const page = await world.ledger.listTags({ within, sort, limit: 10 });
        expect(names(page.tags)).toEqual(['r.io/small:a']);
        expect(page.looked).toBeLessThanOrEqual(2);
        expect(page.next).toBe(null);
      }
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
