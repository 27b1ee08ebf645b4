/** Where targets are: `src/ledger/cursors.ts`. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type HeldTarget,
  lostCursor,
  maxDone,
  maxLeaseMs,
  maxReason,
  newWish,
  type TargetCursor,
  type WishChange,
} from '../../src/ledger/cursors.ts';
import { tagSeen } from '../support/ledger-samples.ts';
import type { OpenLedger } from './ledger.ts';
import { cursorModelContract } from './ledger-cursor-model.ts';
import { limits, minuteMs, t, World } from './ledger-world.ts';

const leaseMs = 10_000;
const hourMs = 60 * minuteMs;

/** @param survives false where the ledger ends with the process */
export function ledgerCursorsContract(name: string, open: OpenLedger, { survives = true } = {}): void {
  describe(`ledger cursors contract: ${name}`, () => {
    const world = new World(open);
    const cursors = () => world.ledger.cursors;
    beforeEach(() => world.begin());
    afterEach(() => world.end());

    const claim = (holder: string, ...names: string[]) => cursors().claimTargets(names, holder, leaseMs);
    const claimOne = async (holder: string, target: string): Promise<HeldTarget> => {
      const [held] = await claim(holder, target);
      if (held === undefined) throw new Error(`claim ${target} by ${holder}: it was not given`);
      return held;
    };
    const namesOf = async (claiming: ReturnType<typeof claim>) => (await claiming).map(({ name }) => name);
    const rowOf = async (target: string) =>
      (await cursors().listTargets()).find(({ name }) => name === target);
    const cursorAt = async (low: number, ...done: number[]): Promise<TargetCursor> => ({
      epoch: (await world.ledger.bounds()).epoch,
      low,
      done,
    });
    /** A minute, in which the gateway asks where the ledger stands, as it does every few seconds. */
    const aMinute = async () => {
      for (let step = 0; step < 8; step += 1) {
        world.clock.advance(7_500);
        await world.ledger.check();
      }
    };

    describe('a claim', () => {
      test('of a new name begins at the head, and goes on where it was the next time', async () => {
        await world.record(tagSeen('a', 'one', t), tagSeen('b', 'one', t));
        const first = await claimOne('g1', 'hooks');
        expect(first).toEqual({
          name: 'hooks',
          fence: expect.any(Number),
          cursor: await cursorAt(2),
          wish: newWish,
          isNew: true,
        });
        await world.record(tagSeen('c', 'one', t));
        const again = await claimOne('g1', 'hooks');
        expect(again).toEqual({ ...first, fence: again.fence, isNew: false });
        expect(again.fence).toBeGreaterThan(first.fence);
      });

      test('gives each name to one holder at a time, and to the next when the lease has run out', async () => {
        expect(await namesOf(claim('g1', 'a', 'b'))).toEqual(['a', 'b']);
        expect(await namesOf(claim('g2', 'a', 'b', 'c'))).toEqual(['c']);
        world.clock.advance(leaseMs - 1);
        expect(await claim('g2', 'a')).toEqual([]);
        world.clock.advance(1);
        expect(await namesOf(claim('g2', 'a'))).toEqual(['a']);
        expect(await claim('g1', 'a')).toEqual([]);
      });

      test('names a target once, however often it is asked for', async () => {
        expect(await namesOf(claim('g1', 'a', 'a'))).toEqual(['a']);
      });

      test('of what its holder has gives a new fence: the answer may have been lost', async () => {
        const lost = await claimOne('g1', 'a');
        const held = await claimOne('g1', 'a');
        const cursor = await cursorAt(0);
        const moves = [lost, held].map(({ name, fence }) => ({ name, fence, cursor }));
        expect(await cursors().saveCursors(moves)).toEqual([false, true]);
      });
    });

    describe('a save', () => {
      test('moves many cursors at once, and a full list of what is done comes back as it was', async () => {
        const held = await claim('g1', 'a', 'b');
        const done = Array.from({ length: maxDone }, (_, i) => 2_000_000_000_000 + 3 * i);
        const full = { ...(await cursorAt(1_999_999_999_999)), done };
        const small = await cursorAt(7, 9);
        const moves = held.map((lease) => ({ ...lease, cursor: lease.name === 'a' ? full : small }));
        expect(await cursors().saveCursors(moves)).toEqual([true, true]);
        expect((await rowOf('a'))?.cursor).toEqual(full);
        expect((await rowOf('b'))?.cursor).toEqual(small);
      });

      test('with an old fence writes nothing, while others of the same call succeed', async () => {
        const [a, b] = await claim('g1', 'a', 'b');
        if (a === undefined || b === undefined) throw new Error('claim a and b: both are free');
        world.clock.advance(leaseMs);
        const taken = await claimOne('g2', 'a');
        const cursor = await cursorAt(5);
        const other = await cursorAt(6, 8);
        const unknown = { name: 'never', fence: a.fence, cursor };
        expect(
          await cursors().saveCursors([
            { ...a, cursor },
            { ...b, cursor },
            unknown,
            { ...taken, cursor: other },
          ]),
        ).toEqual([false, true, false, true]);
        expect((await rowOf('a'))?.cursor).toEqual(other);
        expect((await rowOf('b'))?.cursor).toEqual(cursor);
        expect(await rowOf('never')).toBeUndefined();
        expect(await cursors().saveCursors([{ ...a, cursor }])).toEqual([false]);
        expect((await rowOf('a'))?.cursor).toEqual(other);
      });

      test('counts after the lease has run out, as long as nobody else has claimed the target', async () => {
        const held = await claimOne('g1', 'a');
        world.clock.advance(2 * leaseMs);
        const cursor = await cursorAt(0, 1);
        expect(await cursors().saveCursors([{ ...held, cursor }])).toEqual([true]);
        expect((await claimOne('g2', 'a')).cursor).toEqual(cursor);
      });
    });

    describe('a renewal', () => {
      test('prolongs what is still the caller’s, and brings what is wanted of it', async () => {
        const held = await claim('g1', 'a', 'b');
        world.clock.advance(leaseMs - 1);
        await cursors().wishTarget('b', { paused: true });
        expect(await cursors().renewTargets(held, leaseMs)).toEqual([
          { name: 'a', wish: newWish },
          { name: 'b', wish: { ...newWish, paused: true, number: 1 } },
        ]);
        world.clock.advance(leaseMs - 1);
        expect(await claim('g2', 'a', 'b')).toEqual([]);
        world.clock.advance(1);
        const [taken] = await claim('g2', 'a');
        expect(await cursors().renewTargets(held, leaseMs)).toMatchObject([{ name: 'b' }]);
        expect(await cursors().renewTargets(taken === undefined ? [] : [taken], leaseMs)).toMatchObject([
          { name: 'a' },
        ]);
      });

      test('does not bring back what was released', async () => {
        const held = await claim('g1', 'a');
        await cursors().releaseTargets(held);
        expect(await cursors().renewTargets(held, leaseMs)).toEqual([]);
        expect(await namesOf(claim('g2', 'a'))).toEqual(['a']);
      });
    });

    test('a release lets another in at once, and one with an old fence ends nothing', async () => {
      const held = await claim('g1', 'a');
      await cursors().releaseTargets(held);
      const [next] = await claim('g2', 'a');
      await cursors().releaseTargets(held);
      expect(await claim('g3', 'a')).toEqual([]);
      expect(next?.fence).toBeGreaterThan(held[0]?.fence ?? 0);
    });

    describe('a wish', () => {
      test('changes only the members that it names, and has the next number', async () => {
        await claim('g1', 'a');
        const goTo = { epoch: 'abc', sequence: 3 };
        await cursors().wishTarget('a', { paused: true, goTo });
        const row = await cursors().wishTarget('a', { disabled: 'it answered 410', replay: 'r1' });
        expect(row).toMatchObject({ name: 'a', holder: 'g1', heldForMs: leaseMs, seenAgeMs: 0 });
        expect(row?.wish).toEqual({
          ...{ paused: true, disabled: 'it answered 410', replay: 'r1', number: 2 },
          goTo: { ...goTo, number: 1 },
        });
        const resumed = await cursors().wishTarget('a', { paused: false, disabled: null, goTo: null });
        expect(resumed?.wish).toEqual({ ...newWish, replay: 'r1', number: 3 });
        expect(await rowOf('a')).toEqual(resumed);
      });

      test('to go on elsewhere is taken once, with the cursor that follows it', async () => {
        const held = await claimOne('g1', 'a');
        const cursor = await cursorAt(0);
        await cursors().wishTarget('a', { goTo: { epoch: 'abc', sequence: 3 } });
        await cursors().wishTarget('a', { goTo: { epoch: 'abc', sequence: 4 } });
        await cursors().saveCursors([{ ...held, cursor, took: 1 }]);
        expect((await rowOf('a'))?.wish.goTo).toEqual({ epoch: 'abc', sequence: 4, number: 2 });
        await cursors().saveCursors([{ ...held, cursor }]);
        expect((await rowOf('a'))?.wish.goTo).toMatchObject({ number: 2 });
        await cursors().saveCursors([{ ...held, fence: held.fence - 1, cursor, took: 2 }]);
        expect((await rowOf('a'))?.wish.goTo).toMatchObject({ number: 2 });
        await cursors().wishTarget('a', { paused: true });
        await cursors().saveCursors([{ ...held, cursor, took: 2 }]);
        expect((await rowOf('a'))?.wish).toEqual({ ...newWish, paused: true, number: 3 });
      });

      test('stays when another gateway takes over', async () => {
        await claim('g1', 'a');
        const row = await cursors().wishTarget('a', { disabled: 'gone “for good” \u2028 \\ "' });
        world.clock.advance(leaseMs);
        expect((await claimOne('g2', 'a')).wish).toEqual(row?.wish);
      });

      test('about a name that is not known is told so', async () => {
        expect(await cursors().wishTarget('never', { paused: true })).toBeNull();
        expect(await cursors().listTargets()).toEqual([]);
      });

      test('has a reason of bounded length', async () => {
        await claim('g1', 'a');
        const row = await cursors().wishTarget('a', { disabled: '😀'.repeat(maxReason) });
        expect(row?.wish.disabled).toBe('😀'.repeat(maxReason / 2));
        const cut = await cursors().wishTarget('a', { disabled: `x${'😀'.repeat(maxReason)}` });
        expect(cut?.wish.disabled).toHaveLength(maxReason);
        expect(await rowOf('a')).toEqual(cut);
      });
    });

    test('the list is by name, and says who serves a target and for how long', async () => {
      await claim('g1', 'b', 'a', 'B');
      await claim('g2', 'c');
      world.clock.advance(leaseMs / 2);
      await cursors().releaseTargets((await claim('g2', 'c')).map(({ name, fence }) => ({ name, fence })));
      expect(await cursors().listTargets()).toMatchObject([
        { name: 'B', holder: 'g1', heldForMs: leaseMs / 2, seenAgeMs: leaseMs / 2 },
        { name: 'a', holder: 'g1' },
        { name: 'b', holder: 'g1' },
        { name: 'c', holder: null, heldForMs: 0, seenAgeMs: 0 },
      ]);
      world.clock.advance(leaseMs);
      expect(await rowOf('a')).toMatchObject({ holder: null, heldForMs: 0 });
    });

    describe('bounds', () => {
      const epoch = 'abc';
      const lease = { name: 'a', fence: 1 };
      const save = (cursor: TargetCursor) => cursors().saveCursors([{ ...lease, cursor }]);
      const many = Array.from({ length: 1_001 }, (_, i) => `t${i}`);
      const wrong: [string, () => Promise<unknown>][] = [
        ['an empty name', () => claim('g1', '')],
        ['a name of 65 characters', () => claim('g1', 'x'.repeat(65))],
        ['a name with a space', () => cursors().wishTarget('a b', {})],
        ['a name with a line break', () => cursors().releaseTargets([{ name: 'a\n', fence: 1 }])],
        ['more names than one call takes', () => claim('g1', ...many)],
        ['a holder without a name', () => claim('', 'a')],
        ['a lease without end', () => cursors().claimTargets(['a'], 'g1', Number.POSITIVE_INFINITY)],
        ['a lease that is too long', () => cursors().renewTargets([lease], maxLeaseMs + 1)],
        ['no lease', () => cursors().renewTargets([lease], 0)],
        ['a fence that is no number', () => cursors().renewTargets([{ ...lease, fence: Number.NaN }], 1)],
        ['an epoch that is none', () => save({ epoch: 'a b', low: 0, done: [] })],
        ['the cursor of a lost row', () => save(lostCursor)],
        ['a low below 0', () => save({ epoch, low: -1, done: [] })],
        ['a low that is not exact', () => save({ epoch, low: 2 ** 53, done: [] })],
        ['done at low', () => save({ epoch, low: 3, done: [3] })],
        ['done twice', () => save({ epoch, low: 3, done: [4, 4] })],
        ['done that falls', () => save({ epoch, low: 3, done: [6, 5] })],
        ['done that is no whole number', () => save({ epoch, low: 3, done: [4.5] })],
        [
          'too much done',
          () => save({ epoch, low: 0, done: Array.from({ length: maxDone + 1 }, (_, i) => i + 1) }),
        ],
        ['a wish to go nowhere', () => cursors().wishTarget('a', { goTo: { epoch: '', sequence: 0 } })],
        ['a replay without id', () => cursors().wishTarget('a', { replay: '' })],
      ];
      test('what no target has is refused, and changes nothing', async () => {
        await claim('g1', 'a');
        const before = await cursors().listTargets();
        for (const [what, call] of wrong) await expect(call(), what).rejects.toThrow(RangeError);
        expect(await cursors().listTargets()).toEqual(before);
      });

      test('nothing asked is nothing done', async () => {
        expect(await claim('g1')).toEqual([]);
        expect(await cursors().renewTargets([], leaseMs)).toEqual([]);
        expect(await cursors().saveCursors([])).toEqual([]);
        await cursors().releaseTargets([]);
      });

      test('of all targets those go that nobody holds and that were claimed longest ago', async () => {
        await world.begin({ limits: { ...limits, maxTargets: 3 } });
        const first = await claim('g1', 'a');
        world.clock.advance(1);
        await claim('g1', 'b');
        world.clock.advance(leaseMs);
        await claim('g1', 'c');
        expect(await namesOf(claim('g2', 'a', 'd'))).toEqual(['a', 'd']);
        const listed = async () => (await cursors().listTargets()).map(({ name }) => name);
        expect(await listed()).toEqual(['a', 'c', 'd']);
        await expect(claim('g3', 'a', 'x', 'y')).rejects.toMatchObject({
          code: 'UNAVAILABLE',
          message: expect.stringContaining('3 are known and 2 more came: must be at most 3'),
        });
        expect(await listed()).toEqual(['a', 'c', 'd']);
        world.clock.advance(leaseMs);
        await expect(claim('g3', 'a', 'c', 'd', 'x')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
        expect((await cursors().listTargets()).map(({ holder }) => holder)).toEqual([null, null, null]);
        const [back] = await claim('g3', 'b');
        expect(back).toMatchObject({ isNew: true });
        expect(back?.fence).toBeGreaterThan(first[0]?.fence ?? 0);
      });
    });

    test('retention forgets a target that nobody claimed for so long, and none that is held', async () => {
      const gone = await claimOne('g1', 'gone');
      let held = await claim('g1', 'held');
      await cursors().wishTarget('gone', { paused: true });
      for (let minute = 0; minute < 62; minute += 1) {
        world.later(1);
        held = await claim('g1', 'held');
        await world.ledger.trim();
        if (minute === 58) expect(await rowOf('gone')).toMatchObject({ wish: { paused: true } });
      }
      expect((await cursors().listTargets()).map(({ name }) => name)).toEqual(['held']);
      expect(await cursors().saveCursors([{ ...gone, cursor: await cursorAt(0) }])).toEqual([false]);
      expect(await cursors().renewTargets([...held, gone], leaseMs)).toMatchObject([{ name: 'held' }]);
      const back = await claimOne('g1', 'gone');
      expect(back).toMatchObject({ isNew: true, wish: newWish });
      expect(back.fence).toBeGreaterThan(gone.fence);
    });

    test('retention forgets none that is renewed', async () => {
      const held = await claim('g1', 'held');
      for (let minute = 0; minute < 62; minute += 1) {
        world.later(1);
        await cursors().renewTargets(held, leaseMs);
        await world.ledger.trim();
      }
      world.clock.advance(leaseMs);
      await world.ledger.trim();
      expect(await rowOf('held')).toMatchObject({ holder: null });
    });

    describe('clocks', () => {
      test('a lease ends in its time, though the clock stepped back an hour', async () => {
        await claim('g1', 'a');
        world.clock.setWall(t - hourMs);
        expect(await claim('g2', 'a')).toEqual([]);
        await aMinute();
        expect(await namesOf(claim('g2', 'a'))).toEqual(['a']);
        expect(await claim('g1', 'a')).toEqual([]);
      });

      test('a lease that was given ten years ahead ends in its time, once the clock is right', async () => {
        world.clock.setWall(t + 87_600 * hourMs);
        const held = await claimOne('g1', 'a');
        world.clock.setWall(t);
        expect(await claim('g2', 'a')).toEqual([]);
        await aMinute();
        const next = await claimOne('g2', 'a');
        expect(next.fence).toBeGreaterThan(held.fence);
      });

      test('a step forward ends a lease, and who had it saves nothing over the next one’s work', async () => {
        const held = await claimOne('g1', 'a');
        world.clock.setWall(t + hourMs);
        await claim('g2', 'a');
        expect(await cursors().saveCursors([{ ...held, cursor: await cursorAt(0) }])).toEqual([false]);
        expect(await cursors().renewTargets([held], leaseMs)).toEqual([]);
      });
    });

    if (survives)
      test('cursors and wishes are there after opening again, and fences go on', async () => {
        const held = await claimOne('g1', 'a');
        const cursor = await cursorAt(4, 6, 7);
        await cursors().saveCursors([{ ...held, cursor }]);
        const wish: WishChange = { disabled: 'gone', goTo: { epoch: 'abc', sequence: 1 }, replay: 'r' };
        const row = await cursors().wishTarget('a', wish);
        await world.reopen();
        expect(await rowOf('a')).toMatchObject({ cursor, wish: row?.wish });
        const again = await claimOne('g1', 'a');
        expect(again).toMatchObject({ cursor, wish: row?.wish, isNew: false });
        expect(again.fence).toBeGreaterThan(held.fence);
        expect(await cursors().saveCursors([{ ...held, cursor: await cursorAt(0) }])).toEqual([false]);
      });

    test('a closed ledger refuses', async () => {
      const [held] = await claim('g1', 'a');
      const cursor = await cursorAt(0);
      if (held === undefined) throw new Error('claim a: it is free');
      await world.ledger.close();
      const refused = { code: 'UNAVAILABLE' };
      await expect(claim('g1', 'a')).rejects.toMatchObject(refused);
      await expect(cursors().renewTargets([held], leaseMs)).rejects.toMatchObject(refused);
      await expect(cursors().saveCursors([{ ...held, cursor }])).rejects.toMatchObject(refused);
      await expect(cursors().releaseTargets([held])).rejects.toMatchObject(refused);
      await expect(cursors().wishTarget('a', { paused: true })).rejects.toMatchObject(refused);
      await expect(cursors().listTargets()).rejects.toMatchObject(refused);
    });

    cursorModelContract(world, survives);
  });
}
