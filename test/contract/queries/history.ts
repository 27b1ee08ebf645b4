/** The history of a tag, a repository and everything. */
import { describe, expect, test } from 'vitest';
import type { HistoryQuery } from '../../../src/ledger/queries.ts';
import { hub, manifestSeen, tagGone, tagSeen, where } from '../../support/ledger-samples.ts';
import { maxRowsLookedAt } from '../ledger-pages.ts';
import { brief, t, type World } from '../ledger-world.ts';

/** @param world begun anew for each test */
export function historyContract(world: World): void {
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
