import type { Clock } from '../clock.ts';
import type { FeedError } from '../feed-error.ts';

/** The first wait is shorter than this, ms; each further one may be twice as long. */
const firstMs = 1_000;
/** The longest wait that the client chooses itself, ms. */
const longestMs = 60_000;
/** A connection that has lasted this long after `ready` was a good one, ms. */
const settledMs = 10_000;

/** How long to wait after a loss: what the gateway asks for, or else a random time that grows (full jitter). */
export class Backoff {
  readonly #clock: Clock;
  readonly #random: () => number;
  #failures = 0;
  #readyAt: number | null = null;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The connection is ready. That alone does not end the row of failures: it may end at once. */
  ready(): void {
    this.#readyAt ??= this.#clock.monotonic();
  }

  /** The wait before the next connection, ms. */
  next({ retryMs }: FeedError): number {
    if (this.#readyAt !== null && this.#clock.monotonic() - this.#readyAt >= settledMs) this.#failures = 0;
    this.#readyAt = null;
    const most = Math.min(longestMs, firstMs * 2 ** this.#failures);
    this.#failures++;
    return retryMs ?? this.#random() * most;
  }
}
