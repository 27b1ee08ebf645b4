export interface BucketRule {
  /** What fits at once. */
  readonly capacity: number;
  /** What leaks out again. */
  readonly perSecond: number;
}

/** Bounds how fast something may come: each adds to a level that sinks evenly. */
export class LeakyBucket {
  #level = 0;
  #at = 0;

  /**
   * Adds `amount`, and says whether it fitted.
   *
   * @param now monotonic ms
   */
  add(amount: number, { capacity, perSecond }: BucketRule, now: number): boolean {
    this.#level = this.level(perSecond, now) + amount;
    this.#at = now;
    return this.#level <= capacity;
  }

  /** Adds `amount` only if it fits. */
  addIfFits(amount: number, rule: BucketRule, now: number): boolean {
    return this.level(rule.perSecond, now) + amount <= rule.capacity && this.add(amount, rule, now);
  }

  level(perSecond: number, now: number): number {
    return Math.max(0, this.#level - ((now - this.#at) * perSecond) / 1_000);
  }
}
