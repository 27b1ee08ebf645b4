/** Leases, pauses and rates of one gateway alone last as long as they should, whatever the wall clock does. */
import { describe, expect, test } from 'vitest';
import { createMemoryBudget } from '../../../../src/cluster/memory/cluster.ts';
import { createMemorySchedule } from '../../../../src/cluster/memory/schedule.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

const hour = 3_600_000;
const steps: [string, number][] = [
  ['an hour back', -hour],
  ['an hour ahead', hour],
  ['ten years ahead', 87_600 * hour],
];

describe.each(steps)('while the clock steps %s', (_what, stepMs) => {
  test('a lease of the schedule holds for its time, and no longer', async () => {
    const clock = fakeClock();
    const schedule = createMemorySchedule(clock);
    await schedule.want([{ repository: 'team/app', scopes: ['*'], inMs: 0 }]);
    expect(await schedule.claim(1, 30_000)).toHaveLength(1);
    clock.setWall(clock.now() + stepMs);
    clock.advance(29_999);
    expect(await schedule.claim(1, 30_000)).toEqual([]);
    clock.advance(2);
    expect(await schedule.claim(1, 30_000)).toHaveLength(1);
  });

  test('a pause and a rate of the request budget last for their time', async () => {
    const clock = fakeClock();
    const budget = createMemoryBudget(10, clock);
    await budget.pause(60_000);
    clock.setWall(clock.now() + stepMs);
    expect(await budget.take(1)).toEqual({ granted: 0, retryInMs: 60_000 });
    clock.advance(59_000);
    expect(await budget.take(1)).toMatchObject({ granted: 0 });
    clock.advance(1_001);
    expect((await budget.take(100)).granted).toBeLessThanOrEqual(10);
    clock.setWall(clock.now() + stepMs);
    expect((await budget.take(100)).granted).toBe(0);
  });
});
