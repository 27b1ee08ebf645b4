import type { Clock } from '../../lib/clock.ts';
import type { Cluster, RequestBudget } from '../cluster.ts';
import { createMemorySchedule } from './schedule.ts';

/** What a single gateway uses: it shares nothing. */
export function createMemoryCluster(clock: Clock): Cluster {
  return {
    countsOf: (_key, own) => ({ node: 0, counts: [own] }),
    tell() {},
    scheduleFor: () => createMemorySchedule(clock),
    budgetFor: (_key, requestsPerSecond) => createMemoryBudget(requestsPerSecond, clock),
    async close() {},
  };
}

/** Bounds each 50 ms, so that no second is spent in one burst. */
const burstsPerSecond = 20;
/** A shorter wait could round to zero, and the caller would ask again at once, without end. */
const minRetryMs = 0.01;

/**
 * The request budget of a single gateway. One sliding window bounds each second to the rate. A second one bounds each
 * 50 ms, which spreads the requests. A token bucket would allow rate + burst in one second.
 *
 * @param requestsPerSecond > 0; below 1 means one request every 1/rate seconds
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
    // The new windows start full: otherwise each change of rate would allow one more burst.
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

/** Allows `count` requests in any `spanMs`: remembers when each of the last `count` was sent. */
class SlidingWindow {
  readonly #sentAt: Float64Array;
  readonly #spanMs: number;
  #next = 0;

  constructor(count: number, spanMs: number) {
    this.#sentAt = new Float64Array(count).fill(-Infinity);
    this.#spanMs = spanMs;
  }

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
