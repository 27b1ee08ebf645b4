/** Rows are drawn in steps. */
import { expect, it } from 'vitest';
import { rowsOfStep, rowsOnTop, rowsToDraw } from '../../../dashboard/src/lib/gradual.ts';

const keys = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `k${from + index}`);

it('rowsToDraw draws a short list at once', () => {
  expect(rowsToDraw(keys(0, 2 * rowsOfStep), new Set())).toBe(2 * rowsOfStep);
});

it('rowsToDraw draws a long list in steps, until all of it is there', () => {
  const all = keys(0, 120);
  const ends: number[] = [];
  for (let end = 0; end < all.length; ) {
    end = rowsToDraw(all, new Set(all.slice(0, end)));
    ends.push(end);
  }
  expect(ends).toEqual([16, 32, 48, 64, 80, 96, 120]);
});

it('rowsToDraw draws a few new rows together with all that are there', () => {
  const drawn = new Set(keys(rowsOnTop, 200 + rowsOnTop));
  expect(rowsToDraw(keys(0, 200), drawn)).toBe(200);
});

it('rowsToDraw begins again when everything is new', () => {
  expect(rowsToDraw(keys(1_000, 1_200), new Set(keys(0, 200)))).toBe(rowsOfStep);
});
