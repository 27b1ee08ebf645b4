import { expect, test } from 'vitest';
import { rememberLast } from '../../../src/lib/remember-last.ts';

test('rememberLast makes anew only when an argument differs from the last call', () => {
  let made = 0;
  const name = rememberLast((first: string, second: number) => `${first} ${second} ${++made}`);
  expect([name('a', 1), name('a', 1), name('a', 2), name('b', 2), name('b', 2), name('a', 1)]).toEqual([
    'a 1 1',
    'a 1 1',
    'a 2 2',
    'b 2 3',
    'b 2 3',
    'a 1 4',
  ]);
});
