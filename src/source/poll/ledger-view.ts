import type { Observation } from '../../event/observation.ts';

export interface KnownTag {
  readonly tag: string;
  readonly digest: string | null;
}

/** The part of the ledger that the poller sees. */
export interface LedgerView {
  /** Records observations; resolves with the number of changes. If it rejects, the look is repeated. */
  observe(observations: readonly Observation[]): Promise<number>;
  knownTags(registry: string, repository: string): AsyncIterable<KnownTag>;
  /** Scopes that have been looked at completely. */
  baselines(registry: string, repository: string): Promise<readonly string[]>;
}
