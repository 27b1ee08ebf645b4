/** How often a tool allows to be told of something, as it said itself. All times are monotonic ms. */
export class AllowedRate {
  #everyMs = 0;
  #startedAt = Number.NEGATIVE_INFINITY;

  /** No attempt may start before. */
  get restsUntil(): number {
    return this.#startedAt + this.#everyMs;
  }

  /** @param everyMs from the start of one attempt to the next, at least; 0: as often as one likes */
  set(everyMs: number): void {
    this.#everyMs = everyMs;
  }

  /** An attempt starts. */
  started(now: number): void {
    this.#startedAt = now;
  }
}
