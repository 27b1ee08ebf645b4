import { expect, it } from 'vitest';
import { append } from '../../../src/lib/append.ts';

it('append adds more elements than a call has arguments, in order', () => {
  const all = [-1];
  append(all, [...Array(500_000).keys()]);
  expect(all).toHaveLength(500_001);
  expect(all.slice(0, 3)).toEqual([-1, 0, 1]);
  expect(all.at(-1)).toBe(499_999);
});
