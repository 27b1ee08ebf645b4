import type { Random } from './random.ts';

export interface BackoffOptions {
  /** First ceiling, ms. */
  readonly baseMs: number;
  /** Highest ceiling, ms. */
  readonly maxMs: number;
}

/**
 * Exponential backoff with full jitter: uniform in [0, min(maxMs, baseMs·2^attempt)).
 * Full jitter, because retries after one shared fault must not stay in step (AWS Architecture Blog,
 * "Exponential Backoff And Jitter").
 *
 * @param attempt failures so far before this wait, from 0
 */
export function backoffMs(attempt: number, options: BackoffOptions, random: Random): number {
  const ceilingMs = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(attempt, 30));
  return random() * ceilingMs;
}
