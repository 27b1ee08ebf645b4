import type { Clock } from '../lib/clock.ts';

/** The wall clock may have been set if it differs by more, ms. */
const stepMs = 1_000;

/** What the wall clock shows at a monotonic time: the same each time that it is asked, though both clocks drift. */
export class SteadyTime {
  readonly #clock: Clock;
  #known: { readonly monotonic: number; readonly at: number } | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param monotonic ms; one of them is remembered @returns ms since the epoch */
  at(monotonic: number): number {
    const at = this.#clock.now() + monotonic - this.#clock.monotonic();
    const known = this.#known;
    if (known?.monotonic === monotonic && Math.abs(known.at - at) <= stepMs) return known.at;
    this.#known = { monotonic, at };
    return at;
  }
}
