import { expect, test } from 'vitest';
import { randomId } from '../../../src/lib/random-id.ts';

test('an id is 8 characters of [0-9a-z], whatever the random numbers', () => {
  expect(randomId(() => 0)).toBe('00000000');
  expect(randomId(() => 0.999999999)).toBe('zzzzzzzz');
  expect(randomId(() => 1)).toBe('zzzzzzzz');
  expect(randomId(Math.random)).toMatch(/^[0-9a-z]{8}$/);
});
