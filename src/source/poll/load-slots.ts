import type { Random } from '../../lib/random.ts';
import { jitterShare } from './interval.ts';

/** Seconds ahead that are counted; looks further off are placed at random. */
const horizonSeconds = 4096;
/** Places tried for each look. */
const candidates = 4;

/**
 * Where, within its jitter, a repository's next look is put: of a few random places the second that has the
 * fewest looks so far. Independent jitter alone would drift into a Poisson load (±3.5 % at 833 looks per 5 s,
 * with peaks beyond 10 %); choosing among four keeps it flat for good ("power of two choices").
 */
export class LoadSlots {
  readonly #counts = new Float64Array(horizonSeconds);
  #second = 0;

  /** @returns the delay, ms, in [0.9, 1.1) of `waitMs` */
  place(now: number, waitMs: number, weight: number, random: Random): number {
    return this.placeWithin(now, waitMs * (1 - jitterShare), waitMs * 2 * jitterShare, weight, random);
  }

  /** @returns the delay, ms, in [fromMs, fromMs + spanMs) */
  placeWithin(now: number, fromMs: number, spanMs: number, weight: number, random: Random): number {
    this.#forgetBefore(Math.floor(now / 1000));
    let bestMs = fromMs + random() * spanMs;
    let bestCount = this.#countAt(now + bestMs);
    for (let n = 1; n < candidates; n += 1) {
      const delayMs = fromMs + random() * spanMs;
      const count = this.#countAt(now + delayMs);
      if (count < bestCount) {
        bestMs = delayMs;
        bestCount = count;
      }
    }
    const second = Math.floor((now + bestMs) / 1000);
    if (second < this.#second + horizonSeconds) {
      this.#counts[second % horizonSeconds] = bestCount + weight;
    }
    return bestMs;
  }

  #countAt(at: number): number {
    const second = Math.floor(at / 1000);
    return second < this.#second + horizonSeconds ? (this.#counts[second % horizonSeconds] ?? 0) : 0;
  }

  #forgetBefore(second: number): void {
    const steps = Math.min(second - this.#second, horizonSeconds);
    for (let n = 0; n < steps; n += 1) this.#counts[(this.#second + n) % horizonSeconds] = 0;
    if (second > this.#second) this.#second = second;
  }
}
