import { BoundedMap } from '../lib/bounded-map.ts';

/** Most addresses remembered. Above it the one that was quiet for longest is forgotten, and starts again. */
export const maxBuckets = 10_000;

/** Old entries checked in one call. */
const forgottenAtOnce = 2;

/** Rounding errors of sums of fractions, ms. */
const tolerance = 1e-6;

/**
 * A token bucket for each address, with one second of burst. It keeps one number for each: when its bucket is full
 * again (generic cell rate algorithm, ITU-T I.371). A full bucket needs no entry.
 */
export class AddressBuckets {
  readonly #stepMs: number;
  readonly #fullAt = new BoundedMap<string, number>(maxBuckets);

  /** @param perSecond what each address may take, > 0 */
  constructor(perSecond: number) {
    this.#stepMs = 1_000 / perSecond;
  }

  get size(): number {
    return this.#fullAt.size;
  }

  /** Takes one; false: this address has none left. @param now monotonic ms */
  take(address: string, now: number): boolean {
    const fullAt = Math.max(this.#fullAt.get(address) ?? now, now) + this.#stepMs;
    if (fullAt - now > Math.max(1_000, this.#stepMs) + tolerance) return false;
    // Moves it to the end: the first in the map have been quiet for longest.
    this.#fullAt.renew(address, fullAt);
    this.#forget(now);
    return true;
  }

  #forget(now: number): void {
    let looks = 0;
    for (const [address, fullAt] of this.#fullAt) {
      if (fullAt <= now) this.#fullAt.delete(address);
      if (++looks >= forgottenAtOnce) return;
    }
  }
}
