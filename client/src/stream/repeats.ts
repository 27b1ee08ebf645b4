import { type Place, placeOf } from '../position.ts';

/** Most positions that are remembered; with more, the oldest are forgotten, and their changes may come twice. */
export const maxRemembered = 10_000;

/**
 * Knows the changes that were delivered above the resume position: after a reconnect they come again. While the pace
 * holds nothing back there are none.
 */
export class Repeats {
  readonly #seen = new Set<string>();
  #newest: Place = { epoch: '', sequence: 0 };

  get size(): number {
    return this.#seen.size;
  }

  /** Whether this change was delivered before. */
  has(position: string): boolean {
    return this.#seen.size > 0 && this.#seen.has(position);
  }

  /** Remembers a change that was delivered, with the resume position that came with it. */
  add(position: string, resume: string): void {
    if (position === resume && this.#seen.size === 0) return;
    const place = placeOf(position);
    if (place.epoch !== this.#newest.epoch || place.sequence > this.#newest.sequence) this.#newest = place;
    this.#seen.add(position);
    if (this.#seen.size > maxRemembered) this.#forgetOldest();
    this.moveTo(resume);
  }

  /** Whatever is at or below the resume position cannot come again. */
  moveTo(resume: string): void {
    if (this.#seen.size === 0) return;
    const { epoch, sequence } = placeOf(resume);
    if (epoch !== this.#newest.epoch || sequence >= this.#newest.sequence) this.clear();
  }

  clear(): void {
    this.#seen.clear();
    this.#newest = { epoch: '', sequence: 0 };
  }

  #forgetOldest(): void {
    for (const oldest of this.#seen) {
      this.#seen.delete(oldest);
      return;
    }
  }
}
