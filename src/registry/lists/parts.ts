import type { Ledger } from '../../ledger/ledger.ts';
import type { LedgerQueries } from '../../ledger/queries.ts';
import type { OneATurn } from '../../lib/one-a-turn.ts';

/** What lists of repositories and histories are made of. */
export interface ReadParts {
  readonly ledger: LedgerQueries & Pick<Ledger, 'bounds' | 'read' | 'seek'>;
  /** Whether the registry is served here. */
  readonly serves: (registry: string) => boolean;
  /** Shared by all requests that read. */
  readonly turns: OneATurn;
}
