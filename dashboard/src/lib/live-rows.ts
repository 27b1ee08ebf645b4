/** The newest rows of something that never ends: a bounded list, and what waits to be shown. Pure. */

export interface Positioned {
  /** What tells one row from another. */
  readonly position: string;
}

/** Most rows that are shown: each new one moves all. Older ones come page by page from the gateway. */
export const maxShown = 100;
/** Most rows that wait. */
export const maxWaiting = 200;

/**
 * Newest first. Rows come one by one and wait; `take` shows them. If more come than may wait, the oldest are passed
 * over, and the next `take` also drops what it showed before them: the list never has a hole.
 */
export class LiveRows<T extends Positioned> {
  #shown: readonly T[] = [];
  /** Oldest first. */
  #waiting: T[] = [];
  #passedOver = 0;
  #wasCut = false;

  get shown(): readonly T[] {
    return this.#shown;
  }

  /** How many wait, those that were passed over too. */
  get waiting(): number {
    return this.#waiting.length + this.#passedOver;
  }

  /** Whether rows that were there once are no longer shown. */
  get wasCut(): boolean {
    return this.#wasCut;
  }

  /** Takes one that has just come. */
  add(row: T): void {
    if (this.#has(row)) return;
    this.#waiting.push(row);
    if (this.#waiting.length <= maxWaiting) return;
    this.#waiting.shift();
    this.#passedOver++;
  }

  /** Takes the past, newest first: what came meanwhile stays above it. */
  fill(past: readonly T[]): void {
    const below = past.filter((row) => !this.#has(row));
    this.#show([...this.#shown, ...below]);
  }

  /** Shows all that wait. False: nothing waits. */
  take(): boolean {
    if (this.#waiting.length === 0) return false;
    const above = this.#waiting.reverse();
    const below = this.#passedOver > 0 ? [] : this.#shown;
    if (below.length < this.#shown.length) this.#wasCut = true;
    this.#waiting = [];
    this.#passedOver = 0;
    this.#show([...above, ...below]);
    return true;
  }

  /** Begins anew: what is shown may no longer be the whole. */
  clear(): void {
    this.#shown = [];
    this.#waiting = [];
    this.#passedOver = 0;
    this.#wasCut = false;
  }

  #show(rows: readonly T[]): void {
    if (rows.length > maxShown) this.#wasCut = true;
    this.#shown = rows.slice(0, maxShown);
  }

  #has({ position }: T): boolean {
    const isSame = (other: T) => other.position === position;
    return this.#waiting.some(isSame) || this.#shown.some(isSame);
  }
}
