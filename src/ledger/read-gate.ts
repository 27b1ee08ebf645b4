import { ManifeedError } from '../errors.ts';

/**
 * Lets a few reads through at a time; a bounded number of others waits. Reads share one thread with commits: if all
 * reads were in its queue, a storm of reconnects would delay every webhook behind them.
 */
export class ReadGate {
  readonly #maxAtOnce: number;
  readonly #maxWaiting: number;
  #underWay = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(maxAtOnce: number, maxWaiting: number) {
    this.#maxAtOnce = maxAtOnce;
    this.#maxWaiting = maxWaiting;
  }

  /** @throws UNAVAILABLE where too many wait already */
  async pass<T>(read: () => Promise<T>): Promise<T> {
    if (this.#underWay < this.#maxAtOnce) this.#underWay += 1;
    else await this.#turn();
    try {
      return await read();
    } finally {
      // The turn goes to the next one directly, so that none that comes later can overtake it.
      const next = this.#waiting.shift();
      if (next === undefined) this.#underWay -= 1;
      else next();
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= this.#maxWaiting)
      throw new ManifeedError(
        'UNAVAILABLE',
        `read the ledger: ${this.#waiting.length} reads wait: must be at most ${this.#maxWaiting}`,
      );
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
