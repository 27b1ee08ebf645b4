import type { Clock } from '../../../lib/clock.ts';

/** A sender that stops in the middle of a body is given up after this long, ms, or at most one tick later. */
export const bodyIdleMs = 5_000;
const tickMs = 1_000;

interface Upload {
  isHeard: boolean;
  giveUp(): void;
}

/** Notices stopped uploads. One timer serves all: almost every body arrives before it fires. */
export class UploadWatch {
  readonly #clock: Clock;
  /** Quiet ticks of each upload. Bounded by the number of connections. */
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
