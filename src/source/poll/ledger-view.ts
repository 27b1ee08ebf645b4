import type { Observation } from '../../event/observation.ts';

/** A tag of the index, and what it points at. */
export interface KnownTag {
  readonly tag: string;
  readonly digest: string | null;
}

/** What the poller is given of the ledger. */
export interface LedgerView {
  /** Stores what was seen; resolves with the number of changes that made. Rejects: the look is repeated. */
  observe(observations: readonly Observation[]): Promise<number>;
  /** The present tags of the index. */
  knownTags(registry: string, repository: string): AsyncIterable<KnownTag>;
  /** Scopes that were looked at completely before. */
  baselines(registry: string, repository: string): Promise<readonly string[]>;
}
