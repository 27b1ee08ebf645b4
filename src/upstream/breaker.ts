/**
 * When to leave a registry alone that answers badly. Pure: state in, state out. One breaker a registry; what
 * concerns a single repository (404, 403) is no business of it.
 */
import { backoffMs } from '../lib/backoff.ts';
import type { Random } from '../lib/random.ts';

export interface BreakerState {
  /** Looks in a row that ended in a 5xx, a timeout or no connection. */
  readonly failures: number;
  /** 429s in a row. */
  readonly refusals: number;
  /** Monotonic ms; 0: closed. Until then nothing is asked; afterwards one probe at a time. */
  readonly openUntil: number;
}

export const closedBreaker: BreakerState = { failures: 0, refusals: 0, openUntil: 0 };

/**
 * Failures in a row before it opens. One bad repository among good ones never gets there: the good ones' answers
 * come in between.
 */
const threshold = 5;
const backoff = { baseMs: 1_000, maxMs: 5 * 60_000 };
/** Under a full jitter a wait can be next to nothing; a registry in trouble gets at least this. */
const minOpenMs = 500;

export type BreakerMode = 'closed' | 'open' | 'probing';

export function breakerMode(state: BreakerState, now: number): BreakerMode {
  if (state.openUntil === 0) return 'closed';
  return now < state.openUntil ? 'open' : 'probing';
}

export function afterSuccess(state: BreakerState): BreakerState {
  return state === closedBreaker || (state.failures === 0 && state.refusals === 0 && state.openUntil === 0)
    ? state
    : closedBreaker;
}

export function afterFailure(state: BreakerState, now: number, random: Random): BreakerState {
  const failures = state.failures + 1;
  if (failures < threshold) return { ...state, failures };
  const openMs = minOpenMs + backoffMs(failures - threshold, backoff, random);
  return { ...state, failures, openUntil: now + openMs };
}

/**
 * A 429, or a 503 that says when to come back.
 *
 * @param retryAfterMs what the answer asked for; null: nothing, so exponential backoff with full jitter
 */
export function afterRefusal(
  state: BreakerState,
  retryAfterMs: number | null,
  random: Random,
): { readonly state: BreakerState; readonly pauseMs: number } {
  const refusals = state.refusals + 1;
  const pauseMs = retryAfterMs ?? minOpenMs + backoffMs(refusals, backoff, random);
  return { state: { ...state, refusals }, pauseMs };
}
