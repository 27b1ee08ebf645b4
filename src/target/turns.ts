/**
 * Shares the event loop among targets. A change that a thousand of them want, or a tool of theirs that goes down, gives
 * all of them work in one turn: some hundred milliseconds in which nobody else is served.
 */
import type { Clock } from '../lib/clock.ts';

/** How long targets work in one turn of the event loop, ms. By time, because what an attempt costs differs by kind. */
const maxPerTurnMs = 10;

/** One for all targets of a gateway. */
export class Turns {
  readonly #clock: Clock;
  /** Bounded by its callers: each target waits once at most. */
  readonly #waiting = new Set<() => void>();
  #leftMs = maxPerTurnMs;
  #isRunDue = false;
  #isTurnDue = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs the work soon, not now: after others that wait, and in a later turn if they take long. It must not throw. */
  soon(work: () => void): void {
    this.#waiting.add(work);
    if (this.#isRunDue || this.#leftMs <= 0) return;
    this.#isRunDue = true;
    queueMicrotask(() => this.#run());
  }

  #run(): void {
    this.#isRunDue = false;
    const until = this.#clock.monotonic() + this.#leftMs;
    let now = until - this.#leftMs;
    for (const work of this.#waiting) {
      if (now >= until) break;
      this.#waiting.delete(work);
      work();
      now = this.#clock.monotonic();
    }
    this.#leftMs = until - now;
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    setImmediate(() => {
      this.#isTurnDue = false;
      this.#leftMs = maxPerTurnMs;
      if (this.#waiting.size > 0) this.#run();
    });
  }
}
