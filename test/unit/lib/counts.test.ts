import { expect, test } from 'vitest';
import { Counts } from '../../../src/lib/counts.ts';

test('counts how often each key is held, and all together', () => {
  const counts = new Counts<string>();
  expect(counts.add('a')).toBe(1);
  expect(counts.add('a', 2)).toBe(3);
  expect(counts.add('b')).toBe(1);
  expect([counts.of('a'), counts.of('b'), counts.of('c'), counts.total]).toEqual([3, 1, 0, 4]);
});

test('forgets a key that nobody holds any more', () => {
  const counts = new Counts<string>();
  counts.add('a', 2);
  counts.add('a', -2);
  expect([counts.size, counts.total]).toEqual([0, 0]);
});

test('stays at 0 for a key that is released too often', () => {
  const counts = new Counts<string>();
  counts.add('a');
  expect(counts.add('a', -3)).toBe(0);
  expect(counts.total).toBe(0);
});
