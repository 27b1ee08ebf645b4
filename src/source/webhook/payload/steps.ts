/** Work on a large delivery in pieces, so that it never holds up everybody else. */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../../lib/clock.ts';

/** Each `yield` is a place at which others may run. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** Work is interrupted when it has gone on for this long, ms. */
const sliceMs = 5;

export function isSteps<Result extends object>(work: Result | Steps<Result>): work is Steps<Result> {
  return Symbol.iterator in work;
}

/** Steps that are taken before the first look at the clock, which costs more than a step of a small delivery. */
const stepsWithoutClock = 16;

/** Does all the work, and lets others run every few milliseconds. @throws what the work throws */
export async function doInSlices<Result>(steps: Steps<Result>, clock: Clock): Promise<Result> {
  for (let count = 0; count < stepsWithoutClock; count += 1) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
  let startedAt = clock.monotonic();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return step.value;
    if (clock.monotonic() - startedAt < sliceMs) continue;
    await setImmediate();
    startedAt = clock.monotonic();
  }
}

/** Does all the work at once, for those who have time. @throws what the work throws */
export function doAtOnce<Result>(steps: Steps<Result>): Result {
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}
