import { expect, test } from 'vitest';
import { newEpoch } from '../../../src/ledger/epoch.ts';

test('an epoch is 8 characters of [0-9a-z], whatever the random numbers', () => {
  expect(newEpoch(() => 0)).toBe('00000000');
  expect(newEpoch(() => 0.999999999)).toBe('zzzzzzzz');
  expect(newEpoch(() => 1)).toBe('zzzzzzzz');
  expect(newEpoch(Math.random)).toMatch(/^[0-9a-z]{8}$/);
});
