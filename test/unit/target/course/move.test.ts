import { expect, it } from 'vitest';
import { movedTo, moveOf } from '../../../../src/target/course/move.ts';

const epoch = 'abcdefgh';
const at = { epoch, low: 10, done: [12, 15, 20] };

it('a wish with an id of a replay is a replay, any other one a skip', () => {
  expect([moveOf({ replay: 'again' }), moveOf({ replay: null })]).toEqual(['replay', 'skip']);
});

it('a replay moves back, and repeats what is done above, but never forward', () => {
  const to = (sequence: number) => movedTo(at, { epoch, sequence }, 'replay');
  expect(to(3)).toEqual({ epoch, low: 3, done: [] });
  expect(to(10)).toEqual({ epoch, low: 10, done: [] });
  expect(to(11)).toBeNull();
});

it('a skip moves forward, and keeps in mind what is done after it, but never back', () => {
  const to = (sequence: number) => movedTo(at, { epoch, sequence }, 'skip');
  expect([to(9), to(10)]).toEqual([null, null]);
  expect(to(15)).toEqual({ epoch, low: 15, done: [20] });
});

it('a target of another epoch goes where it is wanted', () => {
  for (const move of ['replay', 'skip'] as const)
    expect(movedTo(at, { epoch: 'other', sequence: 30 }, move)).toEqual({
      ...{ epoch: 'other', low: 30, done: [] },
    });
});
