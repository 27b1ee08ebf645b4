import { atWall, type LedgerClock, newClock } from '../ledger-clock.ts';
import type { Db } from './tables.ts';

/** The clock is stored with every change, and otherwise when it has advanced by this much, ms. */
const noteEveryMs = 1_000;

/** The ledger's clock in SQLite: kept in memory, and stored in `meta` with what it stamped. */
export class SqliteClock {
  readonly #stored;
  /** Never taken back, even if a commit is refused. */
  #clock: LedgerClock = newClock;
  /** As stored in the file. */
  #noted: LedgerClock = newClock;
  /** Monotonic ms; null: not known. */
  #tickedAt: number | null = null;
  /** Whether anything was stamped since the clock was stored: an idle gateway need not write. */
  #hasStamped = false;

  constructor(db: Db) {
    // Files of schema 1 have no stamp; their times go up to recorded_at.
    this.#stored = db.prepare<[], LedgerClock>(
      `SELECT max(stamped_at, recorded_at) AS stampedAt, skew_ms AS skewMs, stepped_at AS steppedAt FROM meta`,
    );
    this.reload();
  }

  get value(): LedgerClock {
    return this.#clock;
  }

  /** Loads the clock of the file: at the opening, and after an import. */
  reload(): void {
    this.#clock = this.#stored.get() ?? this.#clock;
    this.#noted = this.#clock;
    this.#tickedAt = null;
  }

  /**
   * Follows the wall clock.
   *
   * @param now ms since the epoch
   * @param monotonic ms; null: unknown, and a step during an idle time may stay hidden
   */
  tick(now: number, monotonic: number | null): void {
    const elapsedMs = this.#tickedAt === null || monotonic === null ? 0 : monotonic - this.#tickedAt;
    this.#tickedAt = monotonic;
    this.#clock = atWall(this.#clock, now, elapsedMs);
  }

  /** Call it when a stamp goes into the file. */
  stamps(): void {
    this.#hasStamped = true;
  }

  isToNote(): boolean {
    if (this.#clock.steppedAt !== this.#noted.steppedAt) return true;
    return this.#hasStamped && this.#clock.stampedAt - this.#noted.stampedAt >= noteEveryMs;
  }

  /** Call it when the file has the clock. */
  noted(): void {
    this.#noted = this.#clock;
    this.#hasStamped = false;
  }
}
