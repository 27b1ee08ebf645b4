import type { Random } from '../../lib/random.ts';

/** Jitter of a wait: uniform within ±10 %, so that repositories never fall into step. */
const jitterShare = 0.1;
/** Seconds ahead that are counted; later looks are placed at random. */
const horizonSeconds = 4096;
const candidates = 4;

/** Seconds just ahead, which are almost full: their average is the expected load. */
const measuredSeconds = 8;

/**
 * Places a repository's next look within its jitter: of a few random places, the second that will have the fewest
 * looks. Independent jitter alone drifts into a Poisson load (±3.5 % at 833 looks per 5 s, peaks beyond 10 %).
 * Choosing among four keeps it flat, and flattens what an outage has piled up ("power of two choices").
 *
 * It compares how full a second will be when its time comes, because a later one has had less time to fill.
 * Comparing plain counts would put everything at the late end and stretch all intervals by 6 %.
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
    const expected = this.#expected();
    let bestMs = fromMs;
    let fewest = Infinity;
    for (let n = 0; n < candidates; n += 1) {
      const share = random();
      const count = this.#countAt(now + fromMs + share * spanMs) + share * expected;
      if (count >= fewest) continue;
      fewest = count;
      bestMs = fromMs + share * spanMs;
    }
    const second = Math.floor((now + bestMs) / 1000);
    if (second < this.#second + horizonSeconds) {
      this.#counts[second % horizonSeconds] = this.#countAt(now + bestMs) + weight;
    }
    return bestMs;
  }

  #expected(): number {
    let sum = 0;
    for (let n = 1; n <= measuredSeconds; n += 1) {
      sum += this.#counts[(this.#second + n) % horizonSeconds] ?? 0;
    }
    return sum / measuredSeconds;
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
