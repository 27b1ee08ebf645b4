import { describe, expect, test } from 'vitest';
import { lookedAt, manifestGone, repositoryGone, tagGone, tagSeen } from '../support/ledger-samples.ts';
import { minuteMs, t, type World } from './ledger-world.ts';

const hourMs = 60 * minuteMs;
const yearMs = 365 * 24 * hourMs;

/** What clocks may do, the ledger's and the senders', without a push being lost or a tag flipped back. */
export function clockContract(world: World, survives: boolean): void {
  const { record, later, minutes } = world;
  /** A push of a sender that gives no time. */
  const timeless = (tag: string, word: string | null) => {
    const { saidAt: _, ...seen } = tagSeen(tag, word, 0);
    return seen;
  };

  /** A minute, in which the gateway asks where the ledger stands, as it does every few seconds. */
  const aMinute = async () => {
    for (let step = 0; step < 8; step += 1) {
      world.clock.advance(7_500);
      await world.ledger.check();
    }
  };

  describe('clocks', () => {
    test.each([
      ['an hour', hourMs],
      ['ten years', 10 * yearMs],
    ])('after a step back of %s every push, look and deletion still counts', async (_name, stepMs) => {
      world.clock.setWall(t + stepMs);
      await record(timeless('a', 'one'), timeless('b', 'one'), timeless('c', 'one'), timeless('d', null));
      later(1);
      world.clock.setWall(t);
      expect(await record(timeless('a', 'two'))).toEqual(['changed', 'tag.updated a two←one']);
      await aMinute();
      expect(await record(lookedAt('b', 'two', 200))).toEqual(['changed', 'tag.updated b two←one']);
      const { saidAt: _saidAt, ...gone } = tagGone('c', 0);
      expect(await record(gone)).toEqual(['changed', 'tag.deleted c ←one']);
      expect(await record(timeless('d', null))).toEqual(['changed', 'tag.updated d ←']);
      expect(await record(timeless('a', 'three'))).toEqual(['changed', 'tag.updated a three←two']);
    });

    test('recordedAt never falls from one change to the next, and a step forward does not stay', async () => {
      await record(timeless('a', 'one'));
      world.clock.setWall(t + hourMs);
      await record(timeless('a', 'two'));
      world.clock.setWall(t + minuteMs);
      await record(timeless('a', 'three'));
      world.clock.setWall(t + 2 * hourMs);
      await record(timeless('a', 'four'));
      const { changes } = await world.ledger.read(0, 10);
      expect(changes.map(({ recordedAt }) => recordedAt - t)).toEqual([0, hourMs, hourMs, 2 * hourMs]);
    });

    if (survives)
      test('a ledger that opens with a clock that is behind goes on as before', async () => {
        world.clock.setWall(t + hourMs);
        await record(timeless('a', 'one'), timeless('b', 'one'));
        world.clock.setWall(t);
        await world.reopen();
        expect(await record(timeless('a', 'two'))).toEqual(['changed', 'tag.updated a two←one']);
        await aMinute();
        expect(await record(lookedAt('b', 'two', 200))).toEqual(['changed', 'tag.updated b two←one']);
      });

    test('a look that was sent before a push arrived does not take the push back', async () => {
      await record(timeless('a', 'one'));
      later(1);
      await record(timeless('a', 'two'));
      world.clock.advance(50);
      expect(await record(lookedAt('a', 'one', 100))).toEqual(['stale']);
      expect(await record(lookedAt('a', 'one', 40))).toEqual(['changed', 'tag.updated a one←two']);
    });

    test('times of two senders are not compared: what arrives later counts', async () => {
      later(60);
      await record(tagSeen('a', 'one', minutes(50), { origin: 'webhook:x' }));
      expect(await record(tagSeen('a', 'two', minutes(10), { origin: 'webhook:y' }))).toEqual([
        'changed',
        'tag.updated a two←one',
      ]);
    });

    test('a sender ten years ahead loses no push, and its late deliveries flip no tag back', async () => {
      const ahead = (minute: number) => minutes(minute) + 10 * yearMs;
      await record(tagSeen('a', 'one', ahead(0)));
      later(5);
      expect(await record(tagSeen('a', 'three', ahead(3)))).toEqual(['changed', 'tag.updated a three←one']);
      expect(await record(tagSeen('a', 'two', ahead(2)))).toEqual(['stale']);
      later(1);
      // Its clock is mended.
      expect(await record(tagSeen('a', 'four', minutes(6)))).toEqual(['changed', 'tag.updated a four←three']);
      expect(await record(tagSeen('a', 'one', minutes(5)))).toEqual(['stale']);
    });

    test('a push from before our last look changes nothing by itself: it is kept for a look', async () => {
      later(10);
      await record(lookedAt('a', 'one'));
      later(1);
      const late = tagSeen('a', 'zero', minutes(9), { dedupeKey: 'd' });
      expect(await record(late)).toEqual(['waiting']);
      expect(await record(late)).toEqual(['duplicate']);
      expect(await record(tagGone('a', minutes(9)))).toEqual(['waiting']);
      expect(await record(tagSeen('a', 'one', minutes(9)))).toEqual(['unchanged']);
      const kept = await world.ledger.claimPending(10, minuteMs);
      expect(kept.map(({ observation }) => observation)).toEqual([
        { ...late, dedupeKey: null, keptAt: minutes(11) },
        { ...tagGone('a', minutes(9)), dedupeKey: null, keptAt: minutes(11) },
      ]);
      // The registry does not answer: it counts as it came.
      const [first] = kept;
      if (first === undefined) throw new Error('nothing was kept');
      expect((await world.ledger.record([first.observation], [first.id])).outcomes).toEqual(['changed']);
      expect(await world.tagsNow()).toEqual(['a zero']);
    });

    test('what was kept for a look is older than what arrived since', async () => {
      later(10);
      await record(lookedAt('a', 'one'));
      later(1);
      await record(tagSeen('a', 'zero', minutes(9)));
      const [kept] = await world.ledger.claimPending(1, minuteMs);
      if (kept === undefined) throw new Error('nothing was kept');
      later(1);
      await record(timeless('a', 'two'));
      expect((await world.ledger.record([kept.observation], [kept.id])).outcomes).toEqual(['stale']);
    });

    test('a late end of a repository keeps the digest of a tag that was looked at since', async () => {
      later(10);
      await record(lookedAt('a', 'one'));
      later(1);
      expect(await record(repositoryGone(minutes(9)))).toEqual(['waiting']);
      await record(lookedAt('b', 'one'));
      later(1);
      expect(await record(manifestGone('one', minutes(12)))).toEqual([
        'changed',
        'tag.deleted a ←one',
        'tag.deleted b ←one',
        'manifest.deleted - one←',
      ]);
    });

    test('where too many wait for a look, a push counts as it came', async () => {
      await world.begin({ limits: { maxPending: 1 } });
      later(10);
      await record(lookedAt('a', 'one'), lookedAt('b', 'one'));
      later(1);
      expect(await record(tagSeen('a', 'two', minutes(9)))).toEqual(['waiting']);
      expect(await record(tagSeen('b', 'two', minutes(9)))).toEqual(['changed', 'tag.updated b two←one']);
    });

    test('a step of the clock makes no push a duplicate', async () => {
      const key = { dedupeKey: 'hash', dedupeWindowMs: minuteMs };
      await record(tagSeen('a', 'one', t, key));
      later(60);
      // Redis learns of the time by what its gateways ask; the others have a monotonic clock.
      await world.ledger.check();
      world.clock.setWall(t);
      expect(await record(tagSeen('a', 'two', t, key))).toEqual(['changed', 'tag.updated a two←one']);
      expect(await record(tagSeen('a', 'two', t, key))).toEqual(['duplicate']);
    });

    test('a lease ends in its time, though the clock stepped back an hour', async () => {
      await world.ledger.defer([timeless('a', null)]);
      expect(await world.ledger.claimPending(1, minuteMs)).toHaveLength(1);
      world.clock.setWall(t - hourMs);
      expect(await world.ledger.claimPending(1, minuteMs)).toHaveLength(0);
      await aMinute();
      expect(await world.ledger.claimPending(1, minuteMs)).toHaveLength(1);
    });

    test('a clock that is wrong for a moment drops nothing; a new time counts when it has stood for ten minutes', async () => {
      await record(timeless('a', 'one'), timeless('b', 'one'), tagGone('b', t));
      later(20);
      world.clock.setWall(t + 10 * yearMs);
      expect(await world.ledger.trim()).toMatchObject({ floor: 0, head: 3 });
      later(9);
      expect(await world.ledger.trim()).toMatchObject({ floor: 0, head: 3 });
      later(2);
      expect(await world.ledger.trim()).toMatchObject({ floor: 3, head: 3 });
    });

    test('after a step back nothing is taken for old by what was stamped before', async () => {
      await record(timeless('a', 'one'), tagGone('a', t));
      world.clock.setWall(t + 10 * yearMs);
      await record(timeless('b', 'one'));
      world.clock.setWall(t + minuteMs);
      later(20);
      await world.ledger.trim();
      later(20);
      await world.ledger.trim();
      expect(await record(tagSeen('a', 'one', t - 1))).toEqual(['stale']);
    });
  });
}
