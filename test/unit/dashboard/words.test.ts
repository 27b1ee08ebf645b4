/** What the dashboard writes: times, numbers, digests. */
import { describe, expect, it } from 'vitest';
import { shortDigest } from '../../../dashboard/src/lib/digest.ts';
import { bytesText, countOf, countText } from '../../../dashboard/src/lib/numbers.ts';
import { originText } from '../../../dashboard/src/lib/origin.ts';
import { clockTime, lengthOf, relativeTime, wholeTime } from '../../../dashboard/src/lib/time-words.ts';

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

const utc = () => 0;
const berlin = () => 60;
const stJohns = () => -150;

describe('the time of a row', () => {
  it('is the time of day, in the zone of the page', () => {
    expect(clockTime(now, now, utc)).toBe('12:00:00');
    expect(clockTime(now, now, berlin)).toBe('13:00:00');
    const offset = -new Date(now).getTimezoneOffset();
    expect(clockTime(now, now)).toBe(clockTime(now, now, () => offset));
  });

  it('has the day if that is another one there', () => {
    expect(clockTime(now - 13 * hour, now, utc)).toBe('29 Nov 23:00:00');
    expect(clockTime(now - 13 * hour, now, berlin)).toBe('00:00:00');
    expect(clockTime(now - 365 * 24 * hour, now, utc)).toBe('30 Nov 12:00:00');
  });

  it('uses the offset that the zone had then', () => {
    const summer = Date.UTC(2026, 6, 1, 12);
    expect(clockTime(summer, now, (at) => (at < now ? 120 : 60))).toBe('1 Jul 14:00:00');
  });
});

it('a time that cannot be read is not known', () => {
  for (const at of [Number.NaN, Date.parse('yesterday'), 9e15, -8.64e15]) {
    expect([relativeTime(at, now), clockTime(at, now, stJohns), wholeTime(at, stJohns)]).toEqual(
      Array(3).fill('not known'),
    );
  }
});

it('the title of a time names day, time and zone', () => {
  expect([utc, berlin, stJohns].map((offset) => wholeTime(now, offset))).toEqual([
    'Monday 30 Nov 2026, 12:00:00 UTC',
    'Monday 30 Nov 2026, 13:00:00 UTC+01:00',
    'Monday 30 Nov 2026, 09:30:00 UTC-02:30',
  ]);
});

it('countText groups thousands, and countOf agrees with its number', () => {
  expect([0, 999, 1000, 1234567, -1234].map(countText)).toEqual(['0', '999', '1,000', '1,234,567', '-1,234']);
  expect([0.5, 1 / 60, 1234.5678].map(countText)).toEqual(['0.5', '0.017', '1,234.568']);
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
