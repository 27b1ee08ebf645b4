/** What the dashboard writes: times, numbers, digests. */
import { describe, expect, it } from 'vitest';
import { shortDigest } from '../../../dashboard/src/lib/digest.ts';
import { bytesText, countOf, countText } from '../../../dashboard/src/lib/numbers.ts';
import { originText } from '../../../dashboard/src/lib/origin.ts';
import { lengthOf, relativeTime, timeWriter } from '../../../dashboard/src/lib/time-words.ts';

const now = Date.UTC(2026, 10, 30, 12, 0, 0);
const minute = 60_000;
const hour = 60 * minute;

describe('relativeTime', () => {
  it.each([
    [0, 'now'],
    [1_400, 'now'],
    [-1_400, 'now'],
    [12_900, '12 s ago'],
    [3 * minute + 59_000, '3 min ago'],
    [5 * hour, '5 h ago'],
    [47 * hour, '47 h ago'],
    [49 * hour, '2 days ago'],
    [-3 * minute, 'in 3 min'],
  ])('calls %i ms before now "%s"', (ms, words) => {
    expect(relativeTime(now - ms, now)).toBe(words);
  });
});

it('lengthOf never counts up to the next unit', () => {
  expect(lengthOf(minute - 1)).toBe('59 s');
  expect(lengthOf(hour - 1)).toBe('59 min');
});

describe('the time of a row', () => {
  it('is the time of day, in the zone of the page', () => {
    expect(timeWriter('en-GB', 'UTC').clock(now, now)).toBe('12:00:00');
    expect(timeWriter('en-GB', 'Europe/Berlin').clock(now, now)).toBe('13:00:00');
  });

  it('has the day if that is another one', () => {
    expect(timeWriter('en-GB', 'UTC').clock(now - 13 * hour, now)).toBe('29 Nov 23:00:00');
  });

  it('begins a day with 00, not with 24', () => {
    const midnight = Date.UTC(2026, 10, 30);
    expect(timeWriter('en-US', 'UTC').clock(midnight, now)).toBe('00:00:00');
  });
});

it('a time that cannot be read is not known', () => {
  for (const at of [Number.NaN, Date.parse('yesterday'), 9e15]) {
    const writer = timeWriter('en-GB', 'UTC');
    expect([relativeTime(at, now), writer.clock(at, now), writer.whole(at)]).toEqual(
      Array(3).fill('not known'),
    );
  }
});

it('the title of a time names day, time and zone', () => {
  expect(timeWriter('en-GB', 'UTC').whole(now)).toMatch(/Monday.* 30 November 2026.*12:00:00 UTC/);
});

it('countText groups thousands, and countOf agrees with its number', () => {
  expect(countText(1234567)).toBe('1,234,567');
  expect(countOf(1, 'change')).toBe('1 change');
  expect(countOf(0, 'change')).toBe('0 changes');
  expect(countOf(2, 'delivery', 'deliveries')).toBe('2 deliveries');
});

it('bytesText uses the largest unit that fits', () => {
  expect([0, 1023, 1024, 12.3 * 1024 ** 2, 512 * 1024 ** 3].map(bytesText)).toEqual([
    ...['0 B', '1023 B', '1.0 KiB', '12.3 MiB', '512 GiB'],
  ]);
});

it('shortDigest keeps twelve digits, and the name of an unusual algorithm', () => {
  expect(shortDigest(`sha256:${'0123456789abcdef'.repeat(4)}`)).toBe('0123456789ab');
  expect(shortDigest(`sha512:${'0123456789abcdef'.repeat(8)}`)).toBe('sha512:0123456789ab');
});

it('originText names the hook, of whatever kind, and the poll', () => {
  expect(['webhook:harbor', 'publish:ci', 'poll'].map(originText)).toEqual([
    'hook harbor',
    'hook ci',
    'poll',
  ]);
});
