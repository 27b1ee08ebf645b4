import type { Work } from '../event/glob.ts';

/**
 * Shares the event loop among thousands of catch-ups: each asks for a turn before its next page, and one turn of
 * the loop writes a bounded number of frames. Otherwise a storm of catch-ups, which all read the same pages from
 * memory, would delay every webhook and heartbeat.
 */

/** Frames that all catch-ups together write in one turn of the event loop: a few milliseconds of sends. */
const maxFramesPerTurn = 512;
/** Frames reserved for a catch-up that gets a turn, until it knows how many it has. */
const reserved = 128;
/** Steps of judging globs that count as one frame: one turn then judges for about 2 ms. */
const stepsPerFrame = 200;
/** Steps of judging that a catch-up takes before it pays for them. */
const stepsPerPayment = 20_000;

/** The shared turns. One for each hub. */
export class Turns {
  #left = maxFramesPerTurn;
  readonly #waiting: (() => void)[] = [];
  #next = 0;
  #scheduled = false;

  /** Null: go on; otherwise resolves at the caller's turn. The caller then reports what it `spend`s. */
  take(): Promise<void> | null {
    this.#schedule();
    if (this.#left > 0 && this.waiting === 0) {
      this.#left -= reserved;
      return null;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Counts frames or rows that the caller is about to write in its turn. */
  spend(frames: number): void {
    this.#left -= frames - reserved;
  }

  /** Counts what one catch-up judges; it must `pay` at the limit. */
  newWork(): Work {
    return { steps: 0, limit: stepsPerPayment };
  }

  /** Takes the steps of `work` off this turn. Null: go on; otherwise resolves at the caller's next turn. */
  pay(work: Work): Promise<void> | null {
    this.#schedule();
    this.#left -= work.steps / stepsPerFrame;
    work.steps = 0;
    if (this.#left > 0) return null;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  get waiting(): number {
    return this.#waiting.length - this.#next;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => void this.#turn());
  }

  async #turn(): Promise<void> {
    this.#left = maxFramesPerTurn;
    while (this.#left > 0 && this.waiting > 0) {
      this.#left -= reserved;
      // By index: shifting an array of thousands moves all the others.
      this.#waiting[this.#next++]?.();
      // Lets the woken catch-up call `spend` first, if its page is in memory.
      for (let step = 0; step < 4; step++) await null;
    }
    if (this.waiting === 0) {
      this.#waiting.length = 0;
      this.#next = 0;
    }
    this.#scheduled = false;
    if (this.waiting > 0) this.#schedule();
  }
}
