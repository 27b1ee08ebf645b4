/** Rows that say the same stay the same objects. */
import { expect, it } from 'vitest';
import { keptRows } from '../../../dashboard/src/lib/kept-rows.ts';

interface Row {
  readonly name: string;
  readonly counts: Readonly<Record<string, number>> | null;
}
const keyOf = ({ name }: Row) => name;
const row = (name: string, count = 0): Row => ({ name, counts: { accepted: count } });

it('keptRows keeps the objects of rows that say the same, in the new order', () => {
  const before = [row('a'), row('b'), row('c')];
  const now = [row('c'), row('b', 1), row('d')];
  const kept = keptRows(before, now, keyOf);
  expect(kept).toEqual(now);
  expect(kept.map((each) => [before.includes(each), now.includes(each)])).toEqual([
    [true, false],
    [false, true],
    [false, true],
  ]);
});

it('keptRows stands rows of one name', () => {
  const now = [row('a'), row('a', 1)];
  expect(keptRows(now, [row('a'), row('a', 1)], keyOf)).toEqual(now);
});
