/** What 429 and 503 made of R: additive increase, multiplicative decrease, as in TCP: the capacity is unknown. */
export interface Feedback {
  /** R is multiplied by this: `minFactor`–1. */
  readonly factor: number;
  /** When `factor` was computed, monotonic ms. */
  readonly at: number;
  /** The latest halving, monotonic ms; -Infinity before the first. */
  readonly halvedAt: number;
}

export const unpressed: Feedback = { factor: 1, at: 0, halvedAt: Number.NEGATIVE_INFINITY };

/** R never falls below this part of itself: holding changes back for ever is worse than a 429. */
export const minFactor = 1 / 64;
/** A burst of 429s is one complaint: R is halved at most once in this time. */
const halvingIntervalMs = 1_000;
/** Part of R regained each second. */
export const recoveryPerSecond = 0.05;

/** State after a registry complained at `now` (monotonic ms). */
export function pressed(state: Feedback, now: number): Feedback {
  const current = recovered(state, now);
  if (now - state.halvedAt < halvingIntervalMs) return current;
  return { factor: Math.max(minFactor, current.factor / 2), at: now, halvedAt: now };
}

/** State at `now` (monotonic ms) without further complaints. */
export function recovered(state: Feedback, now: number): Feedback {
  const elapsedMs = Math.max(0, now - state.at);
  const factor = Math.min(1, state.factor + (elapsedMs / 1000) * recoveryPerSecond);
  return { factor, at: Math.max(now, state.at), halvedAt: state.halvedAt };
}
