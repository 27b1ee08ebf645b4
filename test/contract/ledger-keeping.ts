import { describe, expect, test } from 'vitest';
import { baselined, manifestGone, manifestSeen, tagGone, tagSeen, where } from '../support/ledger-samples.ts';
import { limits, minuteMs, retention, t, type World } from './ledger-world.ts';

/** What is remembered, for how long, and through a restart. */
export function keepingContract(world: World, survives: boolean): void {
  const { record, minutes, later, tagsNow } = world;

  describe('deliveries', () => {
    test('a delivery seen before makes nothing, whatever it says', async () => {
      const key = { dedupeKey: 'delivery-1' };
      expect(await record(tagSeen('a', 'one', t, key))).toEqual(['changed', 'tag.created a one←']);
      expect(await record(tagSeen('a', 'one', t, key), tagSeen('a', 'two', t, key))).toEqual([
        'duplicate',
        'duplicate',
      ]);
    });

    test('a key is remembered though its observation changed nothing', async () => {
      expect(await record(tagGone('a', t, { dedupeKey: 'd' }))).toEqual(['unknown']);
      await record(tagSeen('a', 'one', t));
      expect(await record(tagGone('a', t, { dedupeKey: 'd' }))).toEqual(['duplicate']);
    });

    test('a key with a window is forgotten when the window is over, and then begins anew', async () => {
      const key = { dedupeKey: 'hash', dedupeWindowMs: 5 * minuteMs };
      await record(tagSeen('a', 'one', t, key));
      later(4);
      expect(await record(tagSeen('a', 'two', minutes(4), key))).toEqual(['duplicate']);
      later(1);
      expect(await record(tagSeen('a', 'two', minutes(5), key))).toEqual([
        'changed',
        'tag.updated a two←one',
      ]);
      later(4);
      expect(await record(tagSeen('a', 'three', minutes(9), key))).toEqual(['duplicate']);
    });

    test('only the newest keys are remembered', async () => {
      for (let i = 0; i <= limits.maxDeliveryKeys; i++)
        await record(tagSeen('a', `w${i}`, t, { dedupeKey: `key-${i}` }));
      expect(await record(tagSeen('a', 'again', t, { dedupeKey: 'key-1' }))).toEqual(['duplicate']);
      expect(await record(tagSeen('a', 'again', t, { dedupeKey: 'key-0' }))).toEqual([
        'changed',
        'tag.updated a again←w5',
      ]);
    });

    test('a key older than the retention is forgotten', async () => {
      await record(tagSeen('a', 'one', t, { dedupeKey: 'old' }));
      later(61);
      expect(await record(tagSeen('a', 'two', minutes(61), { dedupeKey: 'old' }))).toEqual([
        'changed',
        'tag.updated a two←one',
      ]);
    });
  });

  describe('pending tags', () => {
    test('are kept, claimed by one at a time, and settled by the record that completes them', async () => {
      later(10);
      const kept = await world.ledger.defer([tagSeen('a', null, minutes(1), { dedupeKey: 'd' })]);
      expect(kept.map(({ observation }) => observation)).toEqual([
        { ...tagSeen('a', null, minutes(1)), dedupeKey: null, keptAt: minutes(10) },
      ]);
      expect((await world.ledger.bounds()).head).toBe(0);
      expect(await world.ledger.claimPending(10, minuteMs)).toEqual(kept);
      expect(await world.ledger.claimPending(10, minuteMs)).toEqual([]);
      later(1);
      expect(await world.ledger.claimPending(10, minuteMs)).toEqual(kept);
      const ids = kept.map(({ id }) => id);
      const recorded = await world.ledger.record([tagSeen('a', 'one', minutes(1), { dedupeKey: null })], ids);
      expect(recorded.outcomes).toEqual(['changed']);
      later(2);
      expect(await world.ledger.claimPending(10, minuteMs)).toEqual([]);
    });

    test('settled by another already make the call a no-op', async () => {
      const [pending] = await world.ledger.defer([tagSeen('a', null, t)]);
      const ids = [pending?.id ?? ''];
      await world.ledger.record([tagSeen('a', 'one', t)], ids);
      expect(await world.ledger.record([tagSeen('a', 'two', t)], ids)).toEqual({ outcomes: [], changes: [] });
      expect(await tagsNow()).toEqual(['a one']);
    });

    test('are not kept for a delivery seen before, and their key is remembered', async () => {
      const key = { dedupeKey: 'd' };
      expect(await world.ledger.defer([tagSeen('a', null, t, key)])).toHaveLength(1);
      expect(await world.ledger.defer([tagSeen('a', null, t, key)])).toEqual([]);
      expect(await record(tagSeen('a', 'one', t, key))).toEqual(['duplicate']);
    });

    test('are bounded: over the bound nothing of the call is kept', async () => {
      const some = Array.from({ length: limits.maxPending - 1 }, (_, i) => tagSeen(`t${i}`, null, t));
      await world.ledger.defer(some);
      const two = [tagSeen('x', null, t, { dedupeKey: 'x' }), tagSeen('y', null, t)];
      await expect(world.ledger.defer(two)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      expect(await world.ledger.claimPending(100, minuteMs)).toHaveLength(limits.maxPending - 1);
      expect(await world.ledger.defer(two.slice(0, 1))).toHaveLength(1);
    });

    test('are claimed oldest first, as many as asked', async () => {
      await world.ledger.defer(['a', 'b', 'c'].map((tag) => tagSeen(tag, null, t)));
      const claimed = await world.ledger.claimPending(2, minuteMs);
      expect(claimed.map(({ observation }) => observation.tag)).toEqual(['a', 'b']);
      const rest = await world.ledger.claimPending(2, minuteMs);
      expect(rest.map(({ observation }) => observation.tag)).toEqual(['c']);
    });
  });

  describe('retention', () => {
    test('by count drops the oldest, raises the floor and refuses what lies below it', async () => {
      await world.begin({ retention: { ...retention, maxChanges: 5 } });
      await world.ledger.record(Array.from({ length: 12 }, (_, i) => tagSeen(`t${i}`, 'one', t)));
      expect(await world.ledger.trim()).toMatchObject({ floor: 7, head: 12 });
      expect(await world.ledger.bounds()).toMatchObject({ floor: 7, head: 12 });
      await expect(world.ledger.read(6, 10)).rejects.toMatchObject({
        code: 'POSITION_GONE',
        detail: { reason: 'below-floor', position: 6, floor: 7, head: 12 },
      });
      const { changes } = await world.ledger.read(7, 10);
      expect(changes.map(({ sequence }) => sequence)).toEqual([8, 9, 10, 11, 12]);
      expect(await world.ledger.seek(t)).toBe(7);
      expect(await tagsNow()).toHaveLength(12);
    });

    test('by age drops all that is too old, down to nothing, and goes on counting', async () => {
      await record(tagSeen('a', 'one', t));
      later(50);
      await record(tagSeen('b', 'one', minutes(50)));
      later(11);
      expect(await world.ledger.trim()).toMatchObject({ floor: 1, head: 2 });
      later(60);
      expect(await world.ledger.trim()).toMatchObject({ floor: 2, head: 2 });
      expect(await world.ledger.read(2, 10)).toEqual({ changes: [], next: 2, atHead: true });
      const { changes } = await world.ledger.record([tagSeen('c', 'one', world.clock.now())]);
      expect(changes.map(({ sequence }) => sequence)).toEqual([3]);
    });

    test('forgets a deleted tag after the age of retention, and not before', async () => {
      later(10);
      await record(tagSeen('a', 'one', minutes(1)), tagGone('a', minutes(5)));
      await world.ledger.trim();
      expect(await record(tagSeen('a', 'one', minutes(4)))).toEqual(['stale']);
      later(61);
      await world.ledger.trim();
      expect(await record(tagGone('a', minutes(6)))).toEqual(['unknown']);
    });

    test('forgets a digest without a tag after the age of retention, and keeps one that a tag points at', async () => {
      later(10);
      await record(
        manifestSeen('bare', minutes(1)),
        tagSeen('a', 'one', minutes(1)),
        tagSeen('moved', 'two', minutes(1)),
        tagSeen('moved', 'three', minutes(2)),
        tagSeen('gone', 'four', minutes(1)),
        tagGone('gone', minutes(2)),
      );
      later(50);
      await world.ledger.trim();
      expect(await record(...['bare', 'two', 'four'].map((of) => manifestSeen(of, minutes(1))))).toEqual([
        'unchanged',
        'unchanged',
        'unchanged',
      ]);
      later(61);
      await world.ledger.trim();
      expect(await record(...['bare', 'two', 'four'].map((of) => manifestGone(of, minutes(70))))).toEqual([
        'unknown',
        'unknown',
        'unknown',
      ]);
      expect(await record(...['one', 'three'].map((of) => manifestSeen(of, minutes(70))))).toEqual([
        'unchanged',
        'unchanged',
      ]);
    });

    test('has nothing to do where nothing is too old or too much', async () => {
      await record(tagSeen('a', 'one', t));
      expect(await world.ledger.trim()).toMatchObject({ floor: 0, head: 1 });
    });
  });

  describe('opening and closing', () => {
    test('check resolves while the ledger can store', async () => {
      await expect(world.ledger.check()).resolves.toBeUndefined();
    });

    test('closing twice is closing once, and a closed ledger stores nothing', async () => {
      await world.ledger.close();
      await world.ledger.close();
      await expect(world.ledger.record([tagSeen('a', 'one', t)])).rejects.toMatchObject({
        code: 'UNAVAILABLE',
      });
      await expect(world.ledger.check()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    });

    test('two ledgers have different epochs', async () => {
      const other = await world.openOther();
      try {
        expect((await other.ledger.bounds()).epoch).not.toBe((await world.ledger.bounds()).epoch);
      } finally {
        await other.close();
      }
    });

    if (survives)
      test('what was stored is there after opening again', async () => {
        later(10);
        await record(tagSeen('a', 'one', minutes(1), { dedupeKey: 'd' }), manifestSeen('bare', minutes(1)));
        await record(baselined('*', minutes(1)), tagSeen('b', 'one', minutes(1)), tagGone('b', minutes(5)));
        const kept = await world.ledger.defer([tagSeen('p', null, minutes(6))]);
        const before = {
          bounds: await world.ledger.bounds(),
          page: await world.ledger.read(0, 100),
          tags: await tagsNow(),
        };
        await world.reopen();
        expect({
          bounds: await world.ledger.bounds(),
          page: await world.ledger.read(0, 100),
          tags: await tagsNow(),
        }).toEqual(before);
        expect(await world.ledger.baselines(where.registry, where.repository)).toEqual(['*']);
        expect(await record(tagSeen('a', 'two', minutes(9), { dedupeKey: 'd' }))).toEqual(['duplicate']);
        expect(await record(tagSeen('b', 'one', minutes(4)))).toEqual(['stale']);
        expect(await world.ledger.claimPending(10, minuteMs)).toEqual(kept);
        const { changes } = await world.ledger.record([tagSeen('n', 'one', minutes(9))]);
        expect(changes.map(({ sequence }) => sequence)).toEqual([before.bounds.head + 1]);
      });
  });
}
