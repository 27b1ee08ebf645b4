/** Costly pieces of work take turns: one in each turn of the event loop, in the order in which they asked. */
export class OneATurn {
  #isTaken = false;
  #waiting: (() => void)[] = [];
  #next = 0;

  /** Null: go on at once; otherwise resolves at the caller's turn. The caller bounds how many wait. */
  take(): Promise<void> | null {
    if (this.#isTaken) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#isTaken = true;
    setImmediate(() => this.#pass());
    return null;
  }

  #pass(): void {
    // By index: shifting an array of thousands moves all the others.
    const next = this.#waiting[this.#next++];
    if (next !== undefined) {
      setImmediate(() => this.#pass());
      return next();
    }
    this.#waiting = [];
    this.#next = 0;
    this.#isTaken = false;
  }
}
