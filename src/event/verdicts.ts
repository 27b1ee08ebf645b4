/** Verdicts for (owner, key) pairs. At `max`, over all owners, it forgets everything: simpler than an order of use. */
export class Verdicts {
  readonly #max: number;
  #known = new WeakMap<object, Map<string, boolean>>();
  #count = 0;

  /** @param max most verdicts remembered, of about 100 bytes each */
  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#count;
  }

  get(owner: object, key: string): boolean | undefined {
    return this.#known.get(owner)?.get(key);
  }

  set(owner: object, key: string, verdict: boolean): void {
    if (++this.#count > this.#max) {
      this.#known = new WeakMap();
      this.#count = 1;
    }
    const known = this.#known.get(owner);
    if (known === undefined) this.#known.set(owner, new Map([[key, verdict]]));
    else known.set(key, verdict);
  }
}
