/** How much a bucket holds, and how fast it drains. */
export interface BucketRule {
  readonly capacity: number;
  readonly perSecond: number;
}

/** Bounds a rate: each use adds to a level that drains evenly. */
export class LeakyBucket {
  #level = 0;
  #at = 0;

  /** Adds `amount` in any case, and returns whether it fitted. `now` is monotonic ms. */
  add(amount: number, { capacity, perSecond }: BucketRule, now: number): boolean {
    this.#level = this.level(perSecond, now) + amount;
    this.#at = now;
    return this.#level <= capacity;
  }

  addIfFits(amount: number, rule: BucketRule, now: number): boolean {
    return this.level(rule.perSecond, now) + amount <= rule.capacity && this.add(amount, rule, now);
  }

  level(perSecond: number, now: number): number {
    return Math.max(0, this.#level - ((now - this.#at) * perSecond) / 1_000);
  }
}
