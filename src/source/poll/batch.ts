import type { Observation } from '../../event/observation.ts';
import type { Clock } from '../../lib/clock.ts';
import type { LedgerView } from './ledger-view.ts';

const maxBatch = 64;
const maxBatchAgeMs = 1_000;

interface Answer {
  readonly observation: Observation;
  /** When the registry was asked, monotonic ms. */
  readonly askedAt: number;
}

/** Observations that a look has not recorded yet. Recording sends their age: our wall clock plays no part. */
export class LookBatch {
  readonly #view: LedgerView;
  readonly #clock: Clock;
  readonly #answers: Answer[] = [];
  #since = 0;
  changes = 0;

  constructor(view: LedgerView, clock: Clock) {
    this.#view = view;
    this.#clock = clock;
  }

  /** @param askedAt monotonic ms */
  add(observation: Observation, askedAt: number): void {
    if (this.#answers.length === 0) this.#since = this.#clock.monotonic();
    this.#answers.push({ observation, askedAt });
  }

  async flushIfFull(): Promise<void> {
    if (this.#answers.length >= maxBatch || this.#clock.monotonic() - this.#since >= maxBatchAgeMs)
      await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#answers.length === 0) return;
    const now = this.#clock.monotonic();
    const seen = this.#answers.splice(0);
    this.changes += await this.#view.observe(
      seen.map(({ observation, askedAt }) => ({ ...observation, ageMs: now - askedAt })),
    );
  }
}
