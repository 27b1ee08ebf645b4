import { describe, expect, test } from 'vitest';
import type { Observation, TagObserved, Turn } from '../../src/event/observation.ts';
import type { Platforms } from '../../src/event/platform.ts';
import { maxTurnsPerTag } from '../../src/ledger/turns.ts';
import {
  digestOf,
  lookedAt,
  manifestGone,
  repositoryGone,
  tagGone,
  tagSeen,
  where,
} from '../support/ledger-samples.ts';
import { brief, fold, limits, minuteMs, t, type World } from './ledger-world.ts';

const amd = (word: string): Platforms => ({ 'linux/amd64': digestOf(word) });

/** A push whose platforms are asked for. */
function asked(tag: string, word: string | null, more: Partial<TagObserved> = {}): TagObserved {
  const { saidAt: _, ...seen } = tagSeen(tag, word, 0);
  return { ...seen, awaits: 'platforms', ...more };
}

/** Observations of one tag that wait for each other, and how they are decided. */
export function turnsContract(world: World, survives: boolean): void {
  const { record, tagsNow } = world;

  const claim = (): Promise<readonly Turn[]> => world.ledger.claimTurns(10, minuteMs);
  /** Completes the turn of a tag; without words, nothing was learned. */
  const complete = async (
    turn: Turn | undefined,
    now?: string,
    before?: { had: string; was: string | null },
  ) => {
    if (turn === undefined) throw new Error('complete a turn: none was claimed');
    const learned = {
      platforms: now === undefined ? null : amd(now),
      ...(before && {
        before: { digest: digestOf(before.had), platforms: before.was === null ? null : amd(before.was) },
      }),
    };
    const { outcomes, changes } = await world.ledger.record(
      [
        {
          ...turn.observation,
          waited: true,
          ...(turn.observation.kind === 'tag' && { platforms: learned }),
        } as Observation,
      ],
      [turn.id],
    );
    return [...outcomes, ...changes.map(brief), ...changes.map(shown)];
  };
  const shown = ({
    platforms,
    movedPlatforms,
  }: {
    platforms?: Platforms | null;
    movedPlatforms?: readonly string[];
  }) =>
    `${platforms === undefined ? 'unasked' : platforms === null ? 'unknown' : 'known'} ${movedPlatforms?.join() ?? ''}`.trim();

  describe('turns', () => {
    test('a change whose platforms are asked for waits, and is recorded with what was learned', async () => {
      expect(await record(asked('a', 'one'))).toEqual(['waiting']);
      expect(await tagsNow()).toEqual([]);
      const [turn] = await claim();
      expect(turn).toMatchObject({ waitedMs: 0, observation: { tag: 'a', awaits: 'platforms' } });
      expect(await complete(turn, 'amd one')).toEqual(['changed', 'tag.created a one←', 'known']);
      expect(await claim()).toEqual([]);
      const { changes } = await world.ledger.read(0, 10);
      expect(changes[0]).toMatchObject({ platforms: amd('amd one') });
    });

    test('what makes no change does not wait', async () => {
      await record(asked('a', 'one', { awaits: 'turn' }));
      await record(asked('b', 'one', { silent: true }), tagSeen('a', 'one', t));
      expect(await record(asked('a', 'one'), asked('b', 'one'))).toEqual(['unchanged', 'unchanged']);
    });

    test('a tag without a digest does not wait for platforms, and is marked as not known', async () => {
      const { changes } = await world.ledger.record([asked('a', null)]);
      expect(changes.map(shown)).toEqual(['unknown']);
    });

    test('an update says which platforms moved if both digests were looked up', async () => {
      await record(tagSeen('a', 'one', t), asked('a', 'two'));
      const [turn] = await claim();
      const learned = await complete(turn, 'amd two', { had: 'one', was: 'amd one' });
      expect(learned).toEqual(['changed', 'tag.updated a two←one', 'known linux/amd64']);
      await record(asked('a', 'three'));
      const [next] = await claim();
      const same = await complete(next, 'amd two', { had: 'two', was: 'amd two' });
      expect(same).toEqual(['changed', 'tag.updated a three←two', 'known']);
      const { changes } = await world.ledger.read(2, 10);
      expect(changes[0]).toMatchObject({ platforms: amd('amd two'), movedPlatforms: [] });
    });

    test.each([
      ['the former digest was not learned', { had: 'one', was: null }],
      ['another digest was looked up than the tag had', { had: 'zero', was: 'amd two' }],
      ['nothing of what was before was looked up', undefined],
    ])('an update is not known if %s', async (_, before) => {
      await record(tagSeen('a', 'one', t), asked('a', 'two'));
      const [turn] = await claim();
      expect(await complete(turn, 'amd two', before)).toEqual([
        'changed',
        'tag.updated a two←one',
        'unknown',
      ]);
    });

    test('the stamp of the arrival counts, and how long it waited is told', async () => {
      await record(asked('a', 'one'));
      world.clock.advance(1_500);
      expect(await record(tagSeen('b', 'one', t))).toEqual(['changed', 'tag.created b one←']);
      const [turn] = await claim();
      expect(turn?.waitedMs).toBe(1_500);
      await complete(turn, 'amd one');
      const { changes } = await world.ledger.read(1, 10);
      expect(changes[0]).toMatchObject({ tag: 'a', occurredAt: t });
    });

    test('a look has waited since the ledger got it, however old it is', async () => {
      await record({ ...asked('a', 'one'), looked: true, ageMs: minuteMs, origin: 'poll' });
      world.clock.advance(1_500);
      const [turn] = await claim();
      expect(turn?.waitedMs).toBe(1_500);
      await complete(turn, 'amd one');
      const { changes } = await world.ledger.read(0, 10);
      expect(changes[0]).toMatchObject({ occurredAt: t - minuteMs });
    });

    test('what is seen of the tag meanwhile waits behind it, and keeps the order', async () => {
      await record(tagSeen('a', 'zero', t), asked('a', 'one'));
      expect(await record(tagSeen('a', 'zero', t + 1))).toEqual(['waiting']);
      expect(await record(lookedAt('a', 'two'))).toEqual(['waiting']);
      expect(await record(tagGone('a', t + 2))).toEqual(['waiting']);
      expect(await record(tagSeen('b', 'one', t))).toEqual(['changed', 'tag.created b one←']);
      const told: string[] = [];
      for (let turns = await claim(); turns.length > 0; turns = await claim()) {
        expect(turns).toHaveLength(1);
        told.push(...(await complete(turns[0], 'amd')));
      }
      expect(told.filter((line) => line.startsWith('tag.'))).toEqual([
        'tag.updated a one←zero',
        'tag.updated a zero←one',
        'tag.updated a two←zero',
        'tag.deleted a ←two',
      ]);
      expect(told.filter((line) => line.endsWith('known') || line === 'unasked')).toEqual([
        'unknown',
        'unasked',
        'unasked',
        'unasked',
      ]);
    });

    test('a turn is leased to one, and free again when the lease ends', async () => {
      await record(asked('a', 'one'), asked('a', 'two'), asked('b', 'one'));
      expect((await claim()).map(({ observation }) => observation.tag).sort()).toEqual(['a', 'b']);
      expect(await claim()).toEqual([]);
      world.later(1);
      const again = await claim();
      expect(again).toHaveLength(2);
      for (const turn of again) await complete(turn, 'amd');
      expect(await complete(again[0], 'amd')).toEqual([]);
      expect((await claim()).map(({ observation }) => observation)).toMatchObject([
        { tag: 'a', digest: digestOf('two') },
      ]);
    });

    test('looks and turns are claimed apart', async () => {
      await world.ledger.defer([tagSeen('p', null, t)]);
      await record(asked('a', 'one'));
      expect(
        (await world.ledger.claimPending(10, minuteMs)).map(({ observation }) => observation.tag),
      ).toEqual(['p']);
      expect((await claim()).map(({ observation }) => observation.tag)).toEqual(['a']);
    });

    test('without room for one more it is decided as it came', async () => {
      for (let n = 0; n < limits.maxPending; n++) await record(asked(`w${n}`, 'one'));
      const { outcomes, changes } = await world.ledger.record([asked('a', 'one')]);
      expect([...outcomes, ...changes.map(brief), ...changes.map(shown)]).toEqual([
        'changed',
        'tag.created a one←',
        'unknown',
      ]);
      // A tag of which something waits: that goes first.
      const { outcomes: next, changes: both } = await world.ledger.record([asked('w0', 'two')]);
      expect([...next, ...both.map(brief)]).toEqual(['waiting', 'tag.created w0 one←']);
    });

    test('of one tag only so many wait: then they are decided as they came', async () => {
      await world.begin({ limits: { ...limits, maxPending: 100 } });
      for (let n = 0; n < maxTurnsPerTag; n++) await record(asked('a', `w${n % 2}`));
      const { outcomes, changes } = await world.ledger.record([asked('a', 'two')]);
      expect(outcomes).toEqual(['waiting']);
      expect(changes).toHaveLength(maxTurnsPerTag);
      expect(fold(changes)).toEqual(['a w1']);
      expect(new Set(changes.map(shown))).toEqual(new Set(['unknown']));
    });

    test.each([
      ['the end of the repository', (): Observation => repositoryGone(t + 5)],
      ['the end of a digest', (): Observation => manifestGone('one', t + 5)],
    ])('%s is decided after what waits in the repository', async (_, gone) => {
      await record(asked('a', 'one'));
      const told = await record(gone());
      expect(told.filter((line) => line.startsWith('tag.'))).toEqual([
        'tag.created a one←',
        'tag.deleted a ←one',
      ]);
      expect(await claim()).toEqual([]);
    });

    test('a delivery that comes twice decides nothing the second time', async () => {
      const gone = { ...manifestGone('other', t), dedupeKey: 'd' };
      await record(gone);
      await record(asked('a', 'one'));
      expect(await record(gone)).toEqual(['duplicate']);
      expect((await claim()).map(({ observation }) => observation.tag)).toEqual(['a']);
    });

    test('a delivery that comes twice waits once', async () => {
      const push = asked('a', 'one', { dedupeKey: 'd' });
      expect(await record(push)).toEqual(['waiting']);
      expect(await record(push)).toEqual(['duplicate']);
      const [turn] = await claim();
      expect(await complete(turn, 'amd')).toEqual(['changed', 'tag.created a one←', 'known']);
    });

    test('a list that was read while tags of it wait does not count as whole', async () => {
      await record(asked('a', 'one'));
      const listed = {
        kind: 'listed',
        ...where,
        whole: true,
        origin: 'poll',
        looked: true,
        ageMs: 0,
      } as const;
      expect(await record(listed)).toEqual(['waiting']);
      const [turn] = await claim();
      await complete(turn, 'amd one');
      expect(await record(listed)).toEqual(['unchanged']);
    });

    if (survives)
      test('what waits, waits on after a restart, in order', async () => {
        await record(asked('a', 'one'), asked('a', 'two'));
        await world.reopen();
        world.later(1);
        const [first] = await claim();
        expect(first?.observation).toMatchObject({ digest: digestOf('one'), awaits: 'platforms' });
        expect(await record(tagSeen('a', 'three', t + 9))).toEqual(['waiting']);
        expect(await complete(first, 'amd one')).toEqual(['changed', 'tag.created a one←', 'known']);
        const [second] = await claim();
        expect(second?.observation).toMatchObject({ digest: digestOf('two') });
      });

    test('an export has what waits and the platforms, and an import goes on with both', async () => {
      await record(asked('a', 'one'));
      const [turn] = await claim();
      await complete(turn, 'amd one');
      await record(asked('a', 'two'), asked('a', 'three'));
      const other = await world.openOther();
      try {
        await other.ledger.importRows(world.ledger.exportRows());
        const { changes } = await other.ledger.read(0, 10);
        expect(changes[0]).toMatchObject({ platforms: amd('amd one') });
        const [next, ...more] = await other.ledger.claimTurns(10, minuteMs);
        expect(more).toEqual([]);
        expect(next?.observation).toMatchObject({ tag: 'a', digest: digestOf('two') });
      } finally {
        await other.close();
      }
    });
  });
}
