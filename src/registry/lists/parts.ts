import type { Ledger } from '../../ledger/ledger.ts';
import type { LedgerQueries } from '../../ledger/queries.ts';
import type { Tags } from '../tags.ts';
import type { Tallies } from '../tally.ts';
import type { WholeLists } from '../whole-lists.ts';

/** What lists of repositories and histories are made of. */
export interface ReadParts {
  readonly ledger: LedgerQueries & Pick<Ledger, 'bounds' | 'read' | 'seek'>;
  /** Whether the registry is served here. */
  readonly serves: (registry: string) => boolean;
}

/** What lists of tags are made of. */
export interface ListParts extends ReadParts {
  /** Makes the index whole and fresh, or refuses. */
  readonly wholeLists: Pick<WholeLists, 'requireWhole'>;
  /** Asks the registry what a tag points at. */
  readonly tags: Pick<Tags, 'resolve'>;
  readonly tallies: Tallies;
}
