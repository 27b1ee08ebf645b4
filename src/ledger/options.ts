import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { Random } from '../lib/random.ts';
import type { RetentionOptions } from './ledger.ts';

/** The defaults; `LedgerOptions.limits` overrides them. */
export const defaultLimits = {
  /** Tags without digest that wait for a HEAD; beyond it `defer` rejects. */
  maxPending: 10_000,
  /** Delivery keys remembered; the oldest are dropped first. */
  maxDeliveryKeys: 100_000,
  /** Scopes baselined per repository; the oldest go first, and their next look is silent. */
  maxScopesPerRepository: 256,
  /** Entries that one `read` or `tags` call looks at. */
  maxScanned: 10_000,
  /** Rows that one call of a query looks at (`queries.ts`). */
  maxRowsLookedAt: 1_000,
  /** Rows that one step of `trim` drops. */
  maxTrimmedAtOnce: 5_000,
  /** Observations that wait for a commit; beyond it `record` and `defer` reject. */
  maxWaitingObservations: 10_000,
  /** Reads that wait for their turn; beyond it they reject. One for each connection. */
  maxWaitingReads: 20_000,
  /** Bytes of one manifest that is kept: what registries should accept at least (distribution-spec). */
  maxManifestBytes: 4 * 1024 * 1024,
  /** Bytes of all manifests kept; those asked for longest ago go first. */
  maxManifestsBytes: 256 * 1024 * 1024,
  /** Manifests of which anything is kept. */
  maxManifests: 100_000,
  /** Targets whose cursors are kept; those that nobody holds, claimed longest ago, go first. */
  maxTargets: 1_000,
};

/** See `defaultLimits`. */
export type LedgerLimits = Readonly<typeof defaultLimits>;

export type ManifestLimits = Pick<LedgerLimits, 'maxManifestBytes' | 'maxManifestsBytes' | 'maxManifests'>;

/** What bounds an index. `maxAgeMs`: delivery keys and, in memory, tombstones and untagged digests are forgotten. */
export type IndexBounds = Pick<LedgerLimits, 'maxDeliveryKeys' | 'maxScopesPerRepository'> &
  Pick<RetentionOptions, 'maxAgeMs'>;

/** What every kind of ledger needs. By default it logs and counts nothing. */
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
