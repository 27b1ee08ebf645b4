/** Time as a port, so that tests can control it. */
export interface Clock {
  /** Wall-clock time, ms since the epoch. It may step, and goes on while a laptop sleeps. */
  now(): number;
  /** ms from an arbitrary origin; never goes back. It may stand still while a laptop sleeps. */
  monotonic(): number;
  /** Calls `run` once after `delayMs` (≥ 0). Returns an idempotent cancel. */
  after(delayMs: number, run: () => void): () => void;
}

/** The clock of the runtime. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Time between two looks at the clock, ms: after a laptop has slept, a wait ends that much later at most. */
export const lookMs = 5_000;

/** Measures time that passes, whichever of the two clocks shows more: a sleep counts, a step back does not. */
export class Stopwatch {
  readonly #clock: Clock;
  #wall: number;
  #steady: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#wall = clock.now();
    this.#steady = clock.monotonic();
  }

  /** ms since the start, or since the last call. */
  lap(): number {
    const wall = this.#clock.now();
    const steady = this.#clock.monotonic();
    const passed = Math.max(wall - this.#wall, steady - this.#steady);
    this.#wall = wall;
    this.#steady = steady;
    return passed;
  }
}

/** Resolves after `delayMs`, or at once when `signal` aborts. It never rejects. A sleep of the machine counts. */
export function wait(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const watch = new Stopwatch(clock);
    let left = delayMs;
    let cancel = () => {};
    const done = () => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const look = () => {
      left -= watch.lap();
      if (left <= 0 || signal.aborted) done();
      else cancel = clock.after(Math.min(left, lookMs), look);
    };
    signal.addEventListener('abort', done);
    look();
  });
}
