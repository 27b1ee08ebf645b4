import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { Random } from '../lib/random.ts';
import type { RetentionOptions } from './ledger.ts';

export interface LedgerLimits {
  /** Tags without digest that wait for a HEAD; beyond it `defer` rejects. Default 10,000. */
  readonly maxPending: number;
  /** Delivery keys remembered; the oldest are dropped first. Default 100,000. */
  readonly maxDeliveryKeys: number;
  /** Scopes baselined per repository; the oldest go first, and their next look is silent. Default 256. */
  readonly maxScopesPerRepository: number;
  /** Entries that one `read` or `tags` call looks at. Default 10,000. */
  readonly maxScanned: number;
  /** Rows that one step of `trim` drops. Default 5,000. */
  readonly maxTrimmedAtOnce: number;
  /** Observations that wait for a commit; beyond it `record` and `defer` reject. Default 10,000. */
  readonly maxWaitingObservations: number;
  /** Reads that wait for their turn; beyond it they reject. Default 20,000, one for each connection. */
  readonly maxWaitingReads: number;
}

export const defaultLimits: LedgerLimits = {
  maxPending: 10_000,
  maxDeliveryKeys: 100_000,
  maxScopesPerRepository: 256,
  maxScanned: 10_000,
  maxTrimmedAtOnce: 5_000,
  maxWaitingObservations: 10_000,
  maxWaitingReads: 20_000,
};

export interface LedgerOptions {
  readonly retention: RetentionOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Log;
  readonly metrics?: Metrics;
  readonly limits?: Partial<LedgerLimits>;
}

const maxPageSize = 1_000;

/** Clamps a page size to 1–1,000. */
export function boundedLimit(limit: number): number {
  return Math.min(Math.max(Math.trunc(limit), 1), maxPageSize);
}
