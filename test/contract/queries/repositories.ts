/** Lists of repositories. */
import { describe, expect, test } from 'vitest';
import {
  baselined,
  hub,
  listed,
  repositoryGone,
  tagGone,
  tagSeen,
  where,
} from '../../support/ledger-samples.ts';
import { maxRowsLookedAt } from '../ledger-pages.ts';
import { minuteMs, repository, t, type World } from '../ledger-world.ts';

/** @param world begun anew for each test */
export function repositoryContract(world: World, survives: boolean): void {
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
