/** What is known of single tags and digests. */
import { describe, expect, test } from 'vitest';
import {
  digestOf,
  hub,
  lookedAt,
  manifestGone,
  manifestSeen,
  manifestType,
  tagGone,
  tagSeen,
  where,
} from '../../support/ledger-samples.ts';
import { minuteMs, t, type World } from '../ledger-world.ts';

/** @param world begun anew for each test */
export function stateContract(world: World, survives: boolean): void {
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
