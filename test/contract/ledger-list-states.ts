/** What a reader needs who remembers the names of a repository's tags: `lists`, `hasSameTags` and `tagNames`. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RepositoryName } from '../../src/event/reference.ts';
import { hasSameTags, type TagNamesPage, type TagPlace } from '../../src/ledger/queries.ts';
import { listed, tagGone, tagSeen, where } from '../support/ledger-samples.ts';
import { maxRowsLookedAt } from './ledger-pages.ts';
import { t, type World } from './ledger-world.ts';

const other = { ...where, repository: 'other/app' };
const silently = { silent: true } as const;

export function listStateContract(world: World): void {
  const { record, later } = world;
  const keys = (...of: readonly RepositoryName[]) =>
    of.map(({ registry, repository }) => `${registry}/${repository}`);

  /** Of both repositories. */
  const now = async () => {
    const { lists, bounds } = await world.ledger.lists([other, where]);
    return lists.map((list) => ({ tags: 0, moved: null, ...list, bounds }));
  };
  const namesOf = async (repositories: readonly string[], limit: number) => {
    const names: string[] = [];
    for (let after: TagPlace | null = null; ; ) {
      const page: TagNamesPage = await world.ledger.tagNames({
        ...{ repositories, limit },
        ...(after === null ? {} : { after }),
      });
      const found = page.repositories.flatMap(({ repository, tags }) =>
        tags.map((tag) => `${repository}:${tag}`),
      );
      expect(found.length).toBeLessThanOrEqual(Math.min(limit, page.looked));
      expect(page.looked).toBeLessThanOrEqual(maxRowsLookedAt);
      names.push(...found);
      if (page.next === null) return names;
      expect(page.next).not.toEqual(after);
      after = page.next;
    }
  };

  describe('lists', () => {
    test('have states that tell whether their tags may have become others', async () => {
      let before = await now();
      const areSame = async () => {
        const moments = await now();
        const same = moments.map((moment, i) => hasSameTags(before[i] ?? moment, moment));
        before = moments;
        return same;
      };
      const known = [tagSeen('a', 'one', t), tagSeen('b', 'one', t)];
      await record(...known, tagSeen('x', 'one', t, { ...other, ...silently }));
      expect(await areSame()).toEqual([false, false]);
      expect(before.map(({ tags }) => tags)).toEqual([1, 2]);
      await record(tagSeen('s', 'one', t, silently));
      expect(await areSame()).toEqual([true, false]);
      await record(...known, tagSeen('x', 'one', t, { ...other, ...silently }), listed(true));
      expect(await areSame()).toEqual([true, true]);
      await record(tagGone('s', t), tagSeen('t', 'one', t, silently));
      expect(await areSame()).toEqual([true, false]);
    });

    test('may have become others where the change that tells is not kept any more', async () => {
      await record(tagSeen('a', 'one', t), tagSeen('b', 'one', t), tagSeen('x', 'one', t, other));
      later(61);
      await world.ledger.trim();
      const [, before] = await now();
      await record(tagGone('a', world.clock.now()), tagSeen('s', 'one', world.clock.now(), silently));
      later(61);
      await world.ledger.trim();
      const [, after] = await now();
      expect(after?.tags).toBe(before?.tags);
      if (before !== undefined && after !== undefined) expect(hasSameTags(before, after)).toBe(false);
    });

    test('have no state if nothing is known, and list marks if one was read', async () => {
      expect((await world.ledger.lists([where])).lists).toEqual([null]);
      await record(listed(true));
      later(1);
      const { lists, bounds } = await world.ledger.lists([where, other]);
      const { epoch, floor, head } = await world.ledger.bounds();
      expect(bounds).toEqual({ epoch, floor, head });
      const { repositories } = await world.ledger.listRepositories({ limit: 1 });
      expect(lists).toMatchObject([{ tags: 0, listed: repositories[0]?.listed }, null]);
      expect((await world.ledger.lists([])).lists).toEqual([]);
      const many = Array.from({ length: 1_001 }, () => where);
      await expect(world.ledger.lists(many)).rejects.toThrow(RangeError);
    });

    test('never seem to have the same tags if they do not, whatever happens', async () => {
      const act = fc.record({
        does: fc.constantFrom('look', 'first look', 'gone', 'gone', 'trim'),
        of: fc.constantFrom(where, other),
        tag: fc.constantFrom('a', 'b', 'c'),
        afterMinutes: fc.constantFrom(0, 0, 1, 61),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(act, { maxLength: 12 }), async (acts) => {
          const seen: { moments: Awaited<ReturnType<typeof now>>; names: string[][] }[] = [];
          for (const { does, of, tag, afterMinutes } of acts) {
            later(afterMinutes);
            const at = world.clock.now();
            if (does === 'trim') await world.ledger.trim();
            else if (does === 'gone') await record(tagGone(tag, at, of));
            else await record(tagSeen(tag, 'one', at, does === 'look' ? of : { ...of, ...silently }));
            const names = [await namesOf(keys(other), 9), await namesOf(keys(where), 9)];
            const moments = await now();
            for (const then of seen) {
              for (const [i, moment] of moments.entries()) {
                const before = then.moments[i] ?? moment;
                if (hasSameTags(before, moment)) expect(names[i]).toEqual(then.names[i]);
              }
            }
            seen.push({ moments, names });
          }
        }),
        { numRuns: 15 },
      );
    });
  });

  describe('names of tags', () => {
    test('come page by page, of those repositories that are asked for', async () => {
      const third = { ...where, repository: 'third/app' };
      const tags = ['a', 'b', 'c', 'd', 'e'];
      await record(
        ...[where, third, other].flatMap((of) => tags.map((tag) => tagSeen(tag, 'one', t, of))),
        tagGone('b', t, other),
      );
      const left = ['a', 'c', 'd', 'e'].map((tag) => `other/app:${tag}`);
      const all = [...left, ...tags.map((tag) => `third/app:${tag}`)];
      for (const limit of [1, 2, 4, 5, 1_000]) {
        expect(await namesOf(keys(third, other), limit)).toEqual(all);
        expect(await namesOf(keys(other), limit)).toEqual(left);
      }
      expect(await namesOf([], 5)).toEqual([]);
      expect(await namesOf(keys({ ...where, repository: 'none' }), 5)).toEqual([]);
    });
  });
}
