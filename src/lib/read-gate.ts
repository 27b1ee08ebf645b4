import { unavailable } from '../errors.ts';

/** Limits reads under way and waiting: a storm of reconnects would delay the commits, which share their thread. */
export class ReadGate {
  readonly #maxAtOnce: number;
  readonly #maxWaiting: number;
  #underWay = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(maxAtOnce: number, maxWaiting: number) {
    this.#maxAtOnce = maxAtOnce;
    this.#maxWaiting = maxWaiting;
  }

  /** @throws UNAVAILABLE if too many wait already */
  async pass<T>(read: () => Promise<T>): Promise<T> {
    if (this.#underWay < this.#maxAtOnce) this.#underWay += 1;
    else await this.#turn();
    try {
      return await read();
    } finally {
      // Hand the turn over directly, so that a later read cannot overtake.
      const next = this.#waiting.shift();
      if (next === undefined) this.#underWay -= 1;
      else next();
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= this.#maxWaiting)
      throw unavailable(
        `read the ledger: ${this.#waiting.length} reads wait: must be at most ${this.#maxWaiting}`,
      );
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
