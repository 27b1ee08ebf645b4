import type { Clock } from '../../lib/clock.ts';
import type { RegistryClient } from '../../upstream/registry-client.ts';
import type { Absence } from './absence.ts';
import type { LedgerView } from './ledger-view.ts';
import type { Lister, ListingEnd } from './listers/lister.ts';
import type { Memo } from './memo.ts';
import type { Scopes } from './scopes.ts';

/** What is looked at, and how. */
export interface LookTask {
  readonly registry: string;
  readonly repository: string;
  readonly scopes: Scopes;
  readonly memo: Memo;
  /** Key of `memo.baselined`: the scopes and the ledger's continuity. */
  readonly baselineKey: string;
  /** Whether a tag that the very first look finds is announced. */
  readonly announces: (tag: string) => boolean;
  readonly maxHeads: number;
  /** Time over which many HEADs are spread, ms. */
  readonly spreadMs: number;
  /** Time after which a second look may confirm a mass loss, ms. */
  readonly confirmMs: number;
  readonly signal: AbortSignal;
  /** Asks to spread a large look over `spreadMs`. Returns a function that ends it, or null if too many run. */
  readonly enterLarge: () => (() => void) | null;
}

/** What a look uses. */
export interface LookDeps {
  readonly ledger: LedgerView;
  readonly client: RegistryClient;
  readonly lister: Lister;
  readonly clock: Clock;
  readonly onBadAnswer: (reason: string, by?: number) => void;
  /** A look withheld a mass loss, and no earlier one did. */
  readonly onMassLoss: () => void;
}

/** What a look came to. */
export interface LookResult {
  readonly memo: Memo;
  readonly changes: number;
  /** HEADs and lists done: the cost of a look at this repository. */
  readonly requests: number;
  /** Null: everything in the plan was seen. */
  readonly error: Error | null;
  /** Some tags could not be read, but the look reached its end. */
  readonly partial: boolean;
  readonly answered: boolean;
  /** Null: something was found, or the look did not reach its end. */
  readonly absence: Absence | null;
  /** How the list ended; null: none was read. */
  readonly listEnd: ListingEnd | null;
  readonly backlog: boolean;
  /** Time after which a look may confirm the loss that this one withheld, ms; null: it withheld none. */
  readonly withheldForMs: number | null;
}
