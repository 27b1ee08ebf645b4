import { maxDone, type TargetCursor } from '../../ledger/cursors.ts';

/**
 * How far a target is: which changes wait, and which are done. Everything at or before `low` is done. `low` passes no
 * change that waits, and nothing that the hub may still bring.
 */
export class Progress {
  readonly epoch: string;
  /** The hub brings nothing at or before it any more. */
  #told: number;
  /** When each was born, by sequence. */
  readonly #open = new Map<number, number>();
  /** The lowest of `#open`; infinite: there is none. */
  #lowest = Number.POSITIVE_INFINITY;
  /** Above the low-water mark of the last `cursor()`. */
  readonly #done: Set<number>;

  constructor({ epoch, low, done }: TargetCursor) {
    this.epoch = epoch;
    this.#told = low;
    this.#done = new Set(done);
  }

  /** Whether no more may be taken until one is done. With none that waits the hub must go on, so that `low` can rise. */
  get isFull(): boolean {
    return this.#open.size > 0 && this.#open.size + this.#done.size >= maxDone;
  }

  /** Changes that wait. */
  get waiting(): number {
    return this.#open.size;
  }

  /** When the first of those that wait was born; null: none waits. */
  get oldest(): number | null {
    return this.#open.get(this.#lowest) ?? null;
  }

  /** A change came. False: it is known already, or was done before a restart. @param bornAt monotonic ms */
  take(sequence: number, bornAt: number): boolean {
    if (this.#open.has(sequence) || this.#done.has(sequence)) return false;
    this.#open.set(sequence, bornAt);
    this.#lowest = Math.min(this.#lowest, sequence);
    return true;
  }

  /** A change needs nothing more. */
  finish(sequence: number): void {
    if (!this.#open.delete(sequence)) return;
    this.#done.add(sequence);
    if (sequence > this.#lowest) return;
    this.#lowest = Number.POSITIVE_INFINITY;
    for (const each of this.#open.keys()) this.#lowest = Math.min(this.#lowest, each);
    this.#forget();
  }

  /** The hub brings nothing at or before this sequence any more. */
  tell(sequence: number): void {
    if (sequence <= this.#told) return;
    const before = this.low;
    this.#told = sequence;
    if (this.low > before) this.#forget();
  }

  /**
   * What may be saved now. While the hub holds an early change back, more may be done than a cursor can name: the latest
   * of them are left out, so that a restart repeats them.
   */
  cursor(): TargetCursor {
    const done = [...this.#done].sort((a, b) => a - b).slice(0, maxDone);
    return { epoch: this.epoch, low: this.low, done };
  }

  /** Changes that wait at or before this sequence. */
  waitingUpTo(sequence: number): number {
    return [...this.#open.keys()].filter((each) => each <= sequence).length;
  }

  /** The low-water mark. */
  get low(): number {
    return Math.min(this.#told, this.#lowest - 1);
  }

  #forget(): void {
    for (const sequence of this.#done) if (sequence <= this.low) this.#done.delete(sequence);
  }
}
