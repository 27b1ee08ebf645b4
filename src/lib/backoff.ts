import type { Random } from './random.ts';

/** How long to wait between attempts. */
export interface BackoffOptions {
  /** Ceiling of the first wait, ms. */
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * Exponential backoff: uniform in [0, min(maxMs, baseMs·2^attempt)). Full jitter keeps retries after a shared
 * fault from staying in step (AWS Architecture Blog, "Exponential Backoff And Jitter").
 * @param attempt failures before this wait, from 0
 */
export function backoffMs(attempt: number, options: BackoffOptions, random: Random): number {
  const ceilingMs = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(attempt, 30));
  return random() * ceilingMs;
}
