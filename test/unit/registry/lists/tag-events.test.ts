import { describe, expect, it } from 'vitest';
import { ManifeedError } from '../../../../src/errors.ts';
import type { Change } from '../../../../src/event/change.ts';
import type { HistoryQuery } from '../../../../src/ledger/queries.ts';
import { OneATurn } from '../../../../src/lib/one-a-turn.ts';
import { maxStep, Reading } from '../../../../src/reading/reading.ts';
import { historySince, TagEvents } from '../../../../src/registry/lists/tag-events.ts';
import { grantOf, nginx } from '../../../support/list-world.ts';

const tag = { ...nginx, tag: 'a' };

function readingUpTo(maxRows?: number): Reading {
  const reader = { grant: grantOf(['**']), turns: new OneATurn(), isGone: () => false };
  return new Reading(maxRows === undefined ? reader : { ...reader, maxRows });
}

function changeAt(sequence: number, recordedAt: number): Change {
  const nothing = { digest: null, previousDigest: null, mediaType: null, size: null };
  const when = { occurredAt: recordedAt, recordedAt, origin: 'poll' };
  return { epoch: 'e', sequence, type: 'tag.updated', ...tag, ...nothing, ...when };
}

/** A history that counts every row as the most that a step may look at. */
function historyOf(changes: readonly Change[]) {
  return async ({ before, limit }: HistoryQuery) => {
    const older = changes.filter(({ sequence }) => before === undefined || sequence < before);
    const page = older.slice(0, limit);
    const next = older.length > limit ? (page.at(-1)?.sequence ?? null) : null;
    return { changes: page, next, bounds: { epoch: 'e', floor: 0, head: 9 }, looked: maxStep };
  };
}

describe('the events of a tag', () => {
  it('come together with all of their millisecond, though it spans several steps', async () => {
    const changes = [changeAt(5, 2), changeAt(4, 1), changeAt(3, 1), changeAt(2, 1), changeAt(1, 0)];
    const events = new TagEvents({ history: historyOf(changes) }, readingUpTo(), tag);
    const runs = [];
    for (let run = await events.next(2); run !== 'end' && run !== 'enough'; run = await events.next(2))
      runs.push(run.map(({ change, at }) => `${change.sequence} ${at.ms}.${at.nanos}`));
    expect(runs).toEqual([['5 2.0'], ['4 1.2', '3 1.1', '2 1.0'], ['1 0.0']]);
  });

  it('stop within a millisecond if the request may read no more: their numbers are not known', async () => {
    const changes = Array.from({ length: 9 }, (_, at) => changeAt(9 - at, at === 0 ? 2 : 1));
    const reading = readingUpTo(2 * maxStep);
    const events = new TagEvents({ history: historyOf(changes) }, reading, tag);
    expect(await events.next(3)).toMatchObject([{ change: { sequence: 9 } }]);
    expect(await events.next(3)).toBe('enough');
  });

  it('are none where there is no history', async () => {
    const events = new TagEvents({ history: historyOf([]) }, readingUpTo(), tag);
    expect(await events.next(1)).toBe('end');
  });
});

describe('the time since when history is kept', () => {
  it('is read again if the floor rises in between', async () => {
    let floor = 1;
    const ledger = {
      bounds: async () => ({ epoch: 'e', floor, head: 9 }),
      read: async (after: number) => {
        if (after === 1) {
          floor = 2;
          throw new ManifeedError('POSITION_GONE', 'read changes: gone');
        }
        return { changes: [changeAt(3, 77)], next: 3, atHead: true };
      },
    };
    expect(await historySince(ledger)).toBe(77);
  });
});
