/** Rows are drawn in steps. */
import { expect, it } from 'vitest';
import { rowsOfStep, rowsToDraw } from '../../../dashboard/src/lib/gradual.ts';

const keys = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `k${from + index}`);
const draw = (rows: readonly string[], drawn: readonly string[]) =>
  rowsToDraw(rows, (row) => row, new Set(drawn));
/** What is in the page after each step, until all of it is. */
function stepsOf(rows: readonly string[], drawn: readonly string[]): readonly (readonly string[])[] {
  const now = draw(rows, drawn);
  return now === rows ? [now] : [now, ...stepsOf(rows, now)];
}

it('rowsToDraw draws a short list at once', () => {
  const few = keys(0, rowsOfStep);
  expect(draw(few, [])).toBe(few);
  expect(draw([], [])).toEqual([]);
});

it('rowsToDraw draws a long list from the top, a few rows at a step, until all of it is there', () => {
  const steps = stepsOf(keys(0, 2 * rowsOfStep + 3), []);
  expect(steps).toEqual([rowsOfStep, 2 * rowsOfStep, 2 * rowsOfStep + 3].map((end) => keys(0, end)));
});

it('rowsToDraw keeps what is there, and adds to it from the top', () => {
  const there = keys(100, 300);
  const rows = keys(50, 250);
  const steps = stepsOf(rows, there);
  expect(steps[0]).toEqual([...keys(50, 50 + rowsOfStep), ...keys(100, 250)]);
  const added = steps.map((step, at) => step.length - (at === 0 ? 150 : (steps[at - 1]?.length ?? 0)));
  expect(Math.max(...added)).toBe(rowsOfStep);
  expect(steps.at(-1)).toBe(rows);
});

it('rowsToDraw begins again when everything is new', () => {
  expect(draw(keys(1_000, 1_200), keys(0, 200))).toEqual(keys(1_000, 1_000 + rowsOfStep));
});
