import { maxDriftMs } from './ledger-clock.ts';

/**
 * Whether the wall clock's time has stood long enough to throw something away by it. One moment with a wrong
 * clock must not drop the history of years, so retention by age waits until a new time has stood for ten minutes:
 * at a start, and after each step that the monotonic clock does not confirm.
 */
export const standsAfterMs = 600_000;

export class StandingTime {
  readonly #monotonic: () => number;
  #offsetMs = Number.NaN;
  #since = 0;

  /**
   * @param monotonic ms
   * @param wall the time at the start, ms since the epoch
   */
  constructor(monotonic: () => number, wall: number) {
    this.#monotonic = monotonic;
    this.hasStood(wall);
  }

  /** @param wall the time now, ms since the epoch */
  hasStood(wall: number): boolean {
    const monotonic = this.#monotonic();
    const offsetMs = wall - monotonic;
    const stepped = !(Math.abs(offsetMs - this.#offsetMs) <= maxDriftMs);
    if (stepped) this.#since = monotonic;
    this.#offsetMs = offsetMs;
    return monotonic - this.#since >= standsAfterMs;
  }
}
