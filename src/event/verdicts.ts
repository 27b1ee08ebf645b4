/**
 * What was decided before, for (owner, key) pairs: bounded over all owners together, and gone with its owner.
 * Forgets everything at its bound, which costs one more decision each and keeps no order of use.
 */
export class Verdicts {
  readonly #max: number;
  #known = new WeakMap<object, Map<string, boolean>>();
  #count = 0;

  /** @param max verdicts remembered; some 100 bytes each */
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
