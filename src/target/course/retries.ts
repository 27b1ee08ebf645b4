/** When a failed delivery is tried again. */
import { backoffMs } from '../../lib/backoff.ts';
import type { Random } from '../../lib/random.ts';
import { maxRetryAfterMs } from '../../lib/retry-after.ts';

/** What is known of the failures of one delivery. */
export interface Failures {
  /** In all, ≥ 1. */
  readonly count: number;
  /** Since the schedule began, ≥ 0. */
  readonly row: number;
  /** Those of them after its first minute, ≥ 0. */
  readonly late: number;
  /** When the schedule began, monotonic ms; null: with the next failure. */
  readonly since: number | null;
}

const firstMinuteMs = 60_000;
const shortest = 250;
/** Ceilings of the waits within the first minute. */
const early = { baseMs: 500, maxMs: 5_000 };
const [s, m, h] = [1_000, 60_000, 3_600_000];
/** Standard Webhooks 1.0, "Deliverability and reliability". The last one is repeated. */
const schedule = [5 * s, 5 * m, 30 * m, 2 * h, 5 * h, 10 * h, 14 * h, 20 * h, 24 * h];

/** One failure more. */
export function failedAgain(before: Failures | null, now: number): Failures {
  const { count, row, late, since } = before ?? { count: 0, row: 0, late: 0, since: null };
  const isLate = since !== null && now - since >= firstMinuteMs;
  return { count: count + 1, row: row + 1, late: late + (isLate ? 1 : 0), since: since ?? now };
}

/** The schedule begins anew with the next failure: an operator wants it to be tried. */
export function begunAnew(failures: Failures | null): Failures | null {
  return failures === null ? null : { ...failures, row: 0, late: 0, since: null };
}

/**
 * How long to wait, ms: at first 0.25 to 5 s with full jitter, after a minute by the schedule of Standard Webhooks, each
 * wait 20 % longer or shorter. What the tool asked for counts if it is longer, up to an hour.
 */
export function retryWaitMs({ row, late }: Failures, afterMs: number, random: Random): number {
  const wait = late === 0 ? Math.max(shortest, backoffMs(row - 1, early, random)) : scheduled(late, random);
  return Math.max(wait, Math.min(afterMs, maxRetryAfterMs));
}

function scheduled(late: number, random: Random): number {
  const wait = schedule[Math.min(late, schedule.length) - 1] ?? 0;
  return Math.round(wait * (0.8 + 0.4 * random()));
}
