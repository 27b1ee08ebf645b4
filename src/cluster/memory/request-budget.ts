import type { Clock } from '../../lib/clock.ts';
import type { RequestBudget } from '../request-budget.ts';

/** How finely the rate is kept: no second is spent in one burst at its beginning. */
const burstsPerSecond = 20;
/** A shorter wait could vanish in the rounding of a clock, and the caller would ask for ever. */
const minRetryMs = 0.01;

/**
 * The budget of one gateway alone: a sliding window over one second, so that no second whatever holds more than
 * the rate, and a second one over 50 ms, so that the second is spent evenly. A token bucket would let up to
 * rate + burst through in one second.
 *
 * @param requestsPerSecond > 0; below 1 is one request every 1/rate seconds
 */
export function createMemoryBudget(requestsPerSecond: number, clock: Clock): RequestBudget {
  let rate = requestsPerSecond;
  let slowUntil = 0;
  let pausedUntil = 0;
  let windows = windowsFor(rate);

  function setRate(next: number, now: number): void {
    if (next === rate) return;
    const lastSentAt = windows[0].newest();
    rate = next;
    windows = windowsFor(rate);
    // What was just sent still counts: otherwise each change of rate would give one more burst.
    if (now - lastSentAt < 1000) for (const window of windows) window.fill(now);
  }

  function earliest(now: number): number {
    if (slowUntil !== 0 && now >= slowUntil) {
      slowUntil = 0;
      setRate(requestsPerSecond, now);
    }
    return Math.max(pausedUntil, windows[0].earliest(), windows[1].earliest());
  }

  return {
    async take(wanted) {
      const now = clock.monotonic();
      let granted = 0;
      while (granted < wanted) {
        const at = earliest(now);
        if (at > now) return { granted, retryInMs: Math.max(at - now, minRetryMs) };
        for (const window of windows) window.note(now);
        granted += 1;
      }
      return { granted, retryInMs: 0 };
    },
    async pause(forMs) {
      pausedUntil = Math.max(pausedUntil, clock.monotonic() + forMs);
    },
    async slow(nextRate, forMs) {
      const now = clock.monotonic();
      slowUntil = now + forMs;
      setRate(Math.min(nextRate, requestsPerSecond), now);
    },
    async state() {
      const now = clock.monotonic();
      earliest(now);
      return { requestsPerSecond: rate, pausedForMs: Math.max(0, pausedUntil - now) };
    },
  };
}

function windowsFor(rate: number): readonly [SlidingWindow, SlidingWindow] {
  const perSecond = Math.max(1, Math.floor(rate));
  const perBurst = Math.max(1, Math.floor(rate / burstsPerSecond));
  return [
    new SlidingWindow(perSecond, (perSecond / rate) * 1000),
    new SlidingWindow(perBurst, (perBurst / rate) * 1000),
  ];
}

/** Lets `count` through in any `spanMs`: remembers when each of the last `count` went. */
class SlidingWindow {
  readonly #sentAt: Float64Array;
  readonly #spanMs: number;
  #next = 0;

  constructor(count: number, spanMs: number) {
    this.#sentAt = new Float64Array(count).fill(-Infinity);
    this.#spanMs = spanMs;
  }

  /** When one more may go. */
  earliest(): number {
    return (this.#sentAt[this.#next] ?? -Infinity) + this.#spanMs;
  }

  note(at: number): void {
    this.#sentAt[this.#next] = at;
    this.#next = (this.#next + 1) % this.#sentAt.length;
  }

  fill(at: number): void {
    this.#sentAt.fill(at);
  }

  newest(): number {
    const { length } = this.#sentAt;
    return this.#sentAt[(this.#next + length - 1) % length] ?? -Infinity;
  }
}
