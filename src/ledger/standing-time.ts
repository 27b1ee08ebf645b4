import { maxDriftMs } from './ledger-clock.ts';

/**
 * How long a time of the wall clock must stand before retention deletes by age: at a start, and after each step that
 * the monotonic clock does not confirm. One moment with a wrong clock must not drop the history of years.
 */
const standsAfterMs = 600_000;

/** Whether the wall clock has stood for `standsAfterMs`. */
export class StandingTime {
  readonly #monotonic: () => number;
  #offsetMs = Number.NaN;
  #since = 0;

  /** Both in ms; `wall` is the time at the start, since the epoch. */
  constructor(monotonic: () => number, wall: number) {
    this.#monotonic = monotonic;
    this.hasStood(wall);
  }

  /** @param wall now, ms since the epoch */
  hasStood(wall: number): boolean {
    const monotonic = this.#monotonic();
    const offsetMs = wall - monotonic;
    const stepped = !(Math.abs(offsetMs - this.#offsetMs) <= maxDriftMs);
    if (stepped) this.#since = monotonic;
    this.#offsetMs = offsetMs;
    return monotonic - this.#since >= standsAfterMs;
  }
}
