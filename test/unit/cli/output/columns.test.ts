import { expect, it } from 'vitest';
import { widthOf } from '../../../../src/cli/output/columns.ts';

it('a column is as wide as its longest text, and has no width without any', () => {
  expect(widthOf(['a', 'abc', 'ab'])).toBe(3);
  expect(widthOf([])).toBe(0);
});

it('a column may have more texts than a call has arguments', () => {
  expect(widthOf(Array.from({ length: 500_000 }, () => 'a'))).toBe(1);
});
