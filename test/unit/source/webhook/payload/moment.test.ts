import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseMoment } from '../../../../../src/source/webhook/payload/shape.ts';

const at = (text: string) => Date.parse(text);

test.each<[unknown, string, number]>([
  ['2026-01-15T08:00:01Z', '2026-01-15T08:00:01Z', 999],
  ['2026-01-15T08:00:01.5Z', '2026-01-15T08:00:01.500Z', 0],
  ['2026-01-15T08:00:01.2614267Z', '2026-01-15T08:00:01.261Z', 0],
  ['2026-01-15T08:00:01.123456789Z', '2026-01-15T08:00:01.123Z', 0],
  ['2026-01-15T10:00:01.000+02:00', '2026-01-15T08:00:01.000Z', 0],
  ['2026-01-15T05:30:01.000-0230', '2026-01-15T08:00:01.000Z', 0],
  ['2026-01-15 08:00:01', '2026-01-15T08:00:01Z', 999],
  [1768464001, '2026-01-15T08:00:01Z', 999],
  [1768464001.25, '2026-01-15T08:00:01.250Z', 0],
  [1768464001250, '2026-01-15T08:00:01.250Z', 0],
])('parseMoment reads %j', (value, expected, span) => {
  expect(parseMoment(value)).toEqual({ at: at(expected), until: at(expected) + span });
});

test('parseMoment puts a local time into the zone it is told', () => {
  expect(parseMoment('2026-01-15 16:00:01', '+08:00')?.at).toBe(at('2026-01-15T08:00:01Z'));
});

test.each([
  '0001-01-01T00:00:00Z',
  '1970-01-01T00:00:00Z',
  'now',
  '',
  '2026-01-15',
  'x'.repeat(1_000_000),
  0,
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 53,
  null,
  undefined,
  {},
])('parseMoment believes no %j', (value) => {
  expect(parseMoment(value)).toBeNull();
});

test('parseMoment reads back what Date writes', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('2013-01-01Z'), max: new Date('2500-01-01Z'), noInvalidDate: true }),
      (date) => {
        expect(parseMoment(date.toISOString())?.at).toBe(date.getTime());
      },
    ),
  );
});
