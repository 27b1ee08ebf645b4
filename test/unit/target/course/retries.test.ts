import { describe, expect, it } from 'vitest';
import { type Failures, failedAgain, retryWaitMs } from '../../../../src/target/course/retries.ts';

/** The waits of a tool that always fails, with this luck. */
function waits(luck: number, count: number): readonly number[] {
  const found: number[] = [];
  let failures: Failures | null = null;
  let now = 0;
  for (let at = 0; at < count; at++) {
    failures = failedAgain(failures, now);
    const wait = retryWaitMs(failures, 0, () => luck);
    found.push(wait);
    now += wait;
  }
  return found;
}

describe('retries', () => {
  it('wait 0.25 to 5 seconds within the first minute', () => {
    const early = waits(0.999, 15).slice(0, 14);
    expect(Math.max(...early)).toBeLessThanOrEqual(5_000);
    expect(early[0]).toBeLessThanOrEqual(500);
    expect(Math.min(...waits(0, 100))).toBe(250);
  });

  it('then follow the schedule of Standard Webhooks, and repeat its last wait', () => {
    const [s, m, h] = [1_000, 60_000, 3_600_000];
    const all = waits(0.5, 300);
    const start = all.findIndex((wait) => wait === 5 * s);
    expect(all.slice(start, start + 11)).toEqual([
      ...[5 * s, 5 * m, 30 * m, 2 * h, 5 * h, 10 * h, 14 * h, 20 * h, 24 * h, 24 * h, 24 * h],
    ]);
  });

  it('are 20 % earlier or later, so that they do not come together', () => {
    const late = { count: 9, row: 9, late: 2, since: 0 };
    expect(retryWaitMs(late, 0, () => 0)).toBe(240_000);
    expect(retryWaitMs(late, 0, () => 1)).toBe(360_000);
  });

  it('wait as long as the tool asks, but at most an hour', () => {
    const first = failedAgain(null, 0);
    expect(retryWaitMs(first, 17_000, () => 0.5)).toBe(17_000);
    expect(retryWaitMs(first, 86_400_000, () => 0.5)).toBe(3_600_000);
  });
});
