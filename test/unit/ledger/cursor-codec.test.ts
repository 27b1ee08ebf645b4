import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeCursor, encodeWish, readCursor, readWish } from '../../../src/ledger/cursor-codec.ts';
import { lostCursor, maxDone, newWish, type TargetCursor } from '../../../src/ledger/cursors.ts';

const cursors: fc.Arbitrary<TargetCursor> = fc
  .record({
    epoch: fc.stringMatching(/^[0-9a-z]{1,32}$/),
    low: fc.integer({ min: 0, max: 2 ** 52 }),
    gaps: fc.array(fc.integer({ min: 1, max: 1_000_000 }), { maxLength: maxDone }),
  })
  .map(({ epoch, low, gaps }) => {
    const done: number[] = [];
    for (const gap of gaps) done.push((done.at(-1) ?? low) + gap);
    return { epoch, low, done };
  });

describe('a cursor as stored', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(cursors, (cursor) => {
        expect(readCursor(encodeCursor(cursor))).toEqual(cursor);
      }),
    );
    expect(readCursor(encodeCursor(lostCursor))).toEqual(lostCursor);
  });

  test('takes little room where what is done lies close together', () => {
    const low = 1_000_000_000;
    const done = Array.from({ length: maxDone }, (_, i) => low + 2 + i);
    expect(encodeCursor({ epoch: 'abcdefgh', low, done })).toHaveLength(20 + 2 * maxDone - 1);
  });

  test.each([
    '',
    'abc',
    'abc 1',
    'ABC 1 ',
    'abc -1 ',
    'abc 1 0',
    'abc 1 1,',
    'abc 1 1,,1',
    'abc 9007199254740991 1',
    'abc 9999999999999999 ',
    'abc 1 1\n',
    `abc 1 ${Array(maxDone + 1)
      .fill(1)
      .join()}`,
    `abc 1 ${Array(20_000).fill(1).join()}`,
  ])('is none if it is %j', (text) => {
    expect(readCursor(text)).toBeNull();
  });

  test('is never an error, whatever it is', () => {
    fc.assert(fc.property(fc.string(), (text) => void readCursor(text)));
    fc.assert(fc.property(fc.string(), (text) => void readWish(text)));
  });
});

describe('a wish as stored', () => {
  test('comes back as it was', () => {
    const goTo = { epoch: 'abc', sequence: 3, number: 2 };
    const wish = { paused: true, disabled: 'it answered “410”', goTo, replay: 'r1', number: 4 };
    expect(readWish(encodeWish(wish))).toEqual(wish);
    expect(readWish(encodeWish(newWish))).toEqual(newWish);
  });

  test.each([
    '',
    '{}',
    '[]',
    'null',
    JSON.stringify({ ...newWish, number: -1 }),
    JSON.stringify({ ...newWish, x: 1 }),
  ])('is none if it is %j', (text) => {
    expect(readWish(text)).toBeNull();
  });
});
