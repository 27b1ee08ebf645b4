import type { Counter, Metrics } from '../lib/metrics.ts';
import { RegistryError } from './errors.ts';

/** What one request cost. Filled in while it is answered. */
export interface Tally {
  /** It sent a question to a registry. */
  hasAsked: boolean;
  /** It waited for the answer to another one's question. */
  isShared: boolean;
}

export function newTally(): Tally {
  return { hasAsked: false, isShared: false };
}

/** Counts requests by where their answer came from. */
export class Tallies {
  readonly #requests: Counter;
  readonly #saved: Counter;

  constructor(metrics: Metrics) {
    this.#requests = metrics.counter(
      'facade_requests_total',
      'Requests under /v2 by where the answer came from',
      ['answer'],
    );
    this.#saved = metrics.counter(
      'facade_saved_requests_total',
      'Requests under /v2 that were answered without a question to a registry of their own',
    );
  }

  /** Counts one request by what `answer` notes in its tally. */
  async count<T>(answer: (tally: Tally) => Promise<T>): Promise<T> {
    const tally = newTally();
    try {
      const answered = await answer(tally);
      this.#add(tally, false);
      return answered;
    } catch (error) {
      this.#add(tally, !(error instanceof RegistryError) || error.retryable);
      throw error;
    }
  }

  #add({ hasAsked, isShared }: Tally, isRefused: boolean): void {
    if (isRefused) return this.#requests.inc({ answer: 'refused' });
    this.#requests.inc({ answer: hasAsked || isShared ? 'upstream' : 'row' });
    if (!hasAsked) this.#saved.inc();
  }
}
