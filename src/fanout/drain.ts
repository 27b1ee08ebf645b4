import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import type { Hub } from './hub.ts';

interface DrainOptions {
  readonly hub: Hub;
  /** Time over which all connections are closed, ms. */
  readonly windowMs: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborts the wait: all remaining connections are closed at once. */
  readonly signal?: AbortSignal;
}

/** Connections are closed in groups: one timer for each of 15,000 would cost too much. */
const stepMs = 50;

/** Closes all connections evenly over the window, each with a bookmark and its own `retry`: no reconnect storm. */
export async function drain(options: DrainOptions): Promise<void> {
  const { hub, clock, windowMs } = options;
  const leaving = [...hub.table];
  const startedAt = clock.monotonic();
  let left = 0;
  while (left < leaving.length) {
    const elapsedMs = clock.monotonic() - startedAt;
    const share = options.signal?.aborted || windowMs <= 0 ? 1 : Math.min(1, (elapsedMs + stepMs) / windowMs);
    for (; left < Math.ceil(leaving.length * share); left++) {
      const subscriber = leaving[left];
      if (subscriber !== undefined) hub.dismiss(subscriber, 'DRAINING', 500 + options.random() * 4_500);
    }
    if (left < leaving.length) await clock.sleep(stepMs, options.signal);
  }
}
