/** When to leave a failing registry alone. Pure. The errors of a single repository (403, 404) do not count. */
import { backoffMs } from '../lib/backoff.ts';
import type { Random } from '../lib/random.ts';

interface BreakerState {
  /** Consecutive looks that ended in a 5xx, a timeout or no connection. */
  readonly failures: number;
  /** Consecutive 429s, or 503s with `Retry-After`. */
  readonly refusals: number;
  /** Monotonic ms; 0: closed. Before it nothing is asked, after it one probe at a time. */
  readonly openUntil: number;
}

export const closedBreaker: BreakerState = { failures: 0, refusals: 0, openUntil: 0 };

/** Consecutive failures that open it. Any success resets the count, so one bad repository does not. */
const threshold = 5;
const backoff = { baseMs: 1_000, maxMs: 5 * 60_000 };
/** The shortest time open: full jitter alone could give almost none. */
const minOpenMs = 500;

/** `probing`: one look may try. */
export type BreakerMode = 'closed' | 'open' | 'probing';

/** The mode at `now`, monotonic ms. */
export function breakerMode(state: BreakerState, now: number): BreakerMode {
  if (state.openUntil === 0) return 'closed';
  return now < state.openUntil ? 'open' : 'probing';
}

/** Closes it. */
export function afterSuccess(state: BreakerState): BreakerState {
  return state === closedBreaker || (state.failures === 0 && state.refusals === 0 && state.openUntil === 0)
    ? state
    : closedBreaker;
}

/** Counts a look that ended in an outage; `now` is monotonic, ms. */
export function afterFailure(state: BreakerState, now: number, random: Random): BreakerState {
  const failures = state.failures + 1;
  if (failures < threshold) return { ...state, failures };
  const openMs = minOpenMs + backoffMs(failures - threshold, backoff, random);
  return { ...state, failures, openUntil: now + openMs };
}

/** A registry that asks for a shorter pause than this while it refuses gets one that grows. */
const leastRetryAfterMs = 1_000;

/**
 * Counts a 429, or a 503 with `Retry-After`.
 *
 * @param retryAfterMs null, or less than a second: exponential backoff with full jitter
 */
export function afterRefusal(
  state: BreakerState,
  retryAfterMs: number | null,
  random: Random,
): { readonly state: BreakerState; readonly pauseMs: number } {
  const refusals = state.refusals + 1;
  const pauseMs =
    retryAfterMs === null || retryAfterMs < leastRetryAfterMs
      ? minOpenMs + backoffMs(refusals, backoff, random)
      : retryAfterMs;
  return { state: { ...state, refusals }, pauseMs };
}
