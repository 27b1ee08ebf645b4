/** Attempts that may fail in a row before the tool is asked less often. */
const tolerated = 10;
/** Then the time from one attempt to the next, ms. */
const restMs = 250;

/**
 * How a tool stands: whether all that it is asked fails. Each change that fails is tried again for itself, so a tool that is
 * down would be asked some 400 times a second with 1,000 changes waiting. Instead it is asked four times a second until
 * it answers anything but a failure; then all goes on at once. All times are monotonic ms.
 */
export class Standing {
  #failed = 0;
  #restsUntil = 0;
  #isFreshsTurn = false;

  /** No attempt may start before. */
  get restsUntil(): number {
    return this.#restsUntil;
  }

  /** Whether something that was not tried yet goes before what failed: they take turns while all fails. */
  get prefersFresh(): boolean {
    return this.#failed >= tolerated && this.#isFreshsTurn;
  }

  /** An attempt starts. */
  started(now: number): void {
    if (this.#failed < tolerated) return;
    this.#restsUntil = now + restMs;
    this.#isFreshsTurn = !this.#isFreshsTurn;
  }

  /** An attempt failed, and will be tried again. */
  failed(): void {
    this.#failed += 1;
  }

  /** It answered anything else, or an operator wants it to be tried. */
  clear(): void {
    this.#failed = 0;
    this.#restsUntil = 0;
  }
}
