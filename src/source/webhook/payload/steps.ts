/** Works on a large delivery in pieces, so that it does not delay others. */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../../lib/clock.ts';
import type { Steps } from '../kind.ts';

/** Longest work without a break, ms. */
const sliceMs = 5;

/** Steps before the first look at the clock, which costs more than a step of a small delivery. */
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
