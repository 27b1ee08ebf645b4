/** When to look at a repository again, and how much a look may ask. Pure. */
import { learn, waitMs } from './interval.ts';
import type { LookResult } from './look-task.ts';
import type { Memo } from './memo.ts';
import type { RegistryPollOptions } from './options.ts';

/** The wait before the next look, ms. */
export type Wait =
  /** At random within [fromMs, fromMs + spanMs). */
  | { readonly kind: 'within'; readonly fromMs: number; readonly spanMs: number }
  /** About `ms`, where the load is least; `weight` is the requests that the look will cost. */
  | { readonly kind: 'about'; readonly ms: number; readonly weight: number };

const soonMs = 1_000;
/** HEADs that any look may do, however small its share. */
const minHeads = 16;
/** HEADs' part of a repository's share of the budget; the rest is for lists, tokens and completions. */
const headShare = 0.8;

/**
 * @param reason why the look failed; null: it did not
 * @param now ms since the epoch
 */
export function verdictOf(
  result: LookResult,
  reason: string | null,
  now: number,
  poll: RegistryPollOptions,
): { readonly memo: Memo; readonly wait: Wait } {
  // Neither is the repository's fault: it is looked at again as soon as the registry may be asked.
  if (reason === 'refused' || reason === 'closed') {
    return { memo: result.memo, wait: { kind: 'within', fromMs: soonMs, spanMs: poll.minIntervalMs } };
  }
  if (reason !== null && !result.partial) {
    const failures = result.memo.failures + 1;
    const ceilingMs = Math.min(poll.maxIntervalMs, poll.minIntervalMs * 2 ** Math.min(failures, 20));
    // At least half: a repository that always fails must not be asked at once by chance.
    const wait = { kind: 'within', fromMs: ceilingMs / 2, spanMs: ceilingMs / 2 } as const;
    return { memo: { ...result.memo, failures }, wait };
  }
  const failures = result.partial ? result.memo.failures + 1 : 0;
  const memo = { ...result.memo, ...learn(result.memo, result.changes, now, poll), failures };
  if (result.withheldForMs !== null) {
    const fromMs = Math.min(result.withheldForMs, waitMs(memo, now, poll));
    return { memo, wait: { kind: 'within', fromMs, spanMs: poll.minIntervalMs } };
  }
  if (result.backlog) return { memo, wait: { kind: 'within', fromMs: soonMs, spanMs: soonMs / 2 } };
  return {
    memo,
    wait: { kind: 'about', ms: waitMs(memo, now, poll), weight: Math.max(1, result.requests) },
  };
}

/** HEADs per look by a fair share of the budget, so that one huge repository does not starve the others. */
export function fairHeads(memo: Memo, poll: RegistryPollOptions, repositories: number): number {
  const perInterval = (poll.requestsPerSecond * (memo.intervalMs || poll.intervalMs)) / 1_000;
  return Math.max(minHeads, Math.floor((headShare * perInterval) / Math.max(1, repositories)));
}
