/** Receives which tags of a repository subscribers want; null: none any more. */
type Tell = (repositoryKey: string, scopes: readonly string[] | null) => void;

/** Repositories reported in one turn of the event loop. */
const toldPerTurn = 64;

/**
 * Reports which repositories subscribers wait for, a few in each turn of the event loop: one subscription may name
 * a thousand, and each is work for the poller. Only the newest report of a repository is kept, so the queue is
 * bounded by the repositories that subscriptions may name.
 */
export class Demand {
  readonly #tell: Tell;
  readonly #waiting = new Map<string, readonly string[] | null>();
  #left = toldPerTurn;
  #scheduled = false;

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  tell(repositoryKey: string, scopes: readonly string[] | null): void {
    this.#schedule();
    if (this.#left > 0 && this.#waiting.size === 0) {
      this.#left--;
      this.#tell(repositoryKey, scopes);
    } else this.#waiting.set(repositoryKey, scopes);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    this.#left = toldPerTurn;
    for (const [key, scopes] of this.#waiting) {
      if (this.#left === 0) break;
      this.#left--;
      this.#waiting.delete(key);
      this.#tell(key, scopes);
    }
    if (this.#waiting.size > 0) this.#schedule();
  }
}
