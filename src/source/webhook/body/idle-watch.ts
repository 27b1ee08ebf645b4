import type { Clock } from '../../../lib/clock.ts';

/** A sender that stops in the middle of a body is given up after this long, ms, and at most one tick more. */
export const bodyIdleMs = 5_000;
const tickMs = 1_000;

/** A body under way. */
export interface Upload {
  /** Set by whoever receives bytes, cleared by the watch. */
  isHeard: boolean;
  /** Nothing has arrived for `bodyIdleMs`. */
  giveUp(): void;
}

/** Notices uploads that have stopped. One timer for all of them: almost every body is there before it could fire. */
export class UploadWatch {
  readonly #clock: Clock;
  /** With the number of ticks in which nothing came. Bounded by the connections there are. */
  readonly #uploads = new Map<Upload, number>();
  #isTicking = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(upload: Upload): void {
    this.#uploads.set(upload, 0);
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#clock.after(tickMs, () => this.#tick());
  }

  delete(upload: Upload): void {
    this.#uploads.delete(upload);
  }

  #tick(): void {
    for (const [upload, quietTicks] of this.#uploads) {
      const quiet = upload.isHeard ? 0 : quietTicks + 1;
      upload.isHeard = false;
      this.#uploads.set(upload, quiet);
      if (quiet * tickMs >= bodyIdleMs) upload.giveUp();
    }
    this.#isTicking = this.#uploads.size > 0;
    if (this.#isTicking) this.#clock.after(tickMs, () => this.#tick());
  }
}
