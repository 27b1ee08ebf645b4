import { describe, expect, it } from 'vitest';
import { compareMoments, formatNanos, parseRfc3339 } from '../../../src/event/rfc3339.ts';

describe('a time of RFC 3339', () => {
  const noon = Date.UTC(2026, 4, 4, 12);

  it.each([
    ['2026-05-04T12:00:00Z', noon, 0],
    ['2026-05-04t12:00:00z', noon, 0],
    ['2026-05-04 12:00:00Z', noon, 0],
    ['2026-05-04T14:00:00+02:00', noon, 0],
    ['2026-05-04T14:00:00 02:00', noon, 0],
    ['2026-05-04T12:00:00.5Z', noon + 500, 0],
    ['2026-05-04T12:00:00.123456789Z', noon + 123, 456_789],
    ['2026-05-04T12:00:00.000000001Z', noon, 1],
    ['0001-01-01T00:00:00Z', Date.parse('0001-01-01T00:00:00Z'), 0],
  ])('%s is read', (text, ms, nanos) => {
    expect(parseRfc3339(text)).toEqual({ ms, nanos });
  });

  it.each([
    '',
    'now',
    '2026-05-04',
    '2026-05-04T12:00:00',
    '2026-02-30T12:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-05-04T24:00:00Z',
    '2026-05-04T12:61:00Z',
    '2026-05-04T12:00:60Z',
    '2026-05-04T12:00:00.1234567890Z',
    '2026-05-04T12:00:00+2:00',
    '١٢٣٤-05-04T12:00:00Z',
  ])('%s is none', (text) => {
    expect(parseRfc3339(text)).toBeNull();
  });

  it('is written with nine decimals, and read again', () => {
    const moment = { ms: noon + 7, nanos: 42 };
    expect(formatNanos(moment)).toBe('2026-05-04T12:00:00.007000042Z');
    expect(parseRfc3339(formatNanos(moment))).toEqual(moment);
  });

  it('is before another by ms, then by nanoseconds', () => {
    const at = (ms: number, nanos: number) => ({ ms, nanos });
    expect([at(2, 0), at(1, 5), at(1, 4)].sort(compareMoments)).toEqual([at(1, 4), at(1, 5), at(2, 0)]);
  });
});
