import { expect, it } from 'vitest';
import { SteadyTime } from '../../../src/target/steady-time.ts';
import { fakeClock } from '../../support/fake-clock.ts';

it('a time stays the same though the two clocks drift, and follows a wall clock that is set', () => {
  const clock = fakeClock();
  const time = new SteadyTime(clock);
  const at = clock.monotonic();
  const first = time.at(at);
  expect(first).toBe(clock.now());
  clock.advance(5_000);
  clock.setWall(clock.now() + 3);
  expect(time.at(at)).toBe(first);
  clock.setWall(clock.now() + 60_000);
  expect(time.at(at)).toBe(first + 60_003);
  expect(time.at(at + 7)).toBe(first + 60_010);
});
