/** Counts the rows that one call looks at. */
export class Budget {
  readonly #max: number;
  /** Rows that it may still look at. */
  left: number;

  /** @param max rows, at least 4: with fewer, a call might get nowhere */
  constructor(max: number) {
    this.#max = Math.max(4, max);
    this.left = this.#max;
  }

  get looked(): number {
    return this.#max - this.left;
  }
}
