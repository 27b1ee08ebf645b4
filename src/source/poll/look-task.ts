/** What a look is asked to do, what it needs, and what it says. */
import type { Clock } from '../../lib/clock.ts';
import type { RegistryClient } from '../../upstream/registry-client.ts';
import type { LedgerView } from './ledger-view.ts';
import type { ListBounds, Lister } from './listers/lister.ts';
import type { Memo } from './memo.ts';
import type { Scopes } from './scopes.ts';

export interface LookTask {
  readonly registry: string;
  readonly repository: string;
  readonly scopes: Scopes;
  readonly memo: Memo;
  /** Names the state of `memo.baselined`: scopes and the ledger's continuity. */
  readonly baselineKey: string;
  /** Whether what the very first look finds under this tag is announced. */
  readonly announces: (tag: string) => boolean;
  readonly maxHeads: number;
  /** Time over which many HEADs are spread, ms. */
  readonly spreadMs: number;
  /** Time after which a second look may confirm that most tags are gone, ms. */
  readonly confirmMs: number;
  readonly signal: AbortSignal;
  /** Leave to spread a large look over `spreadMs`: returns how to give it back, or null when too many do. */
  readonly enterLarge: () => (() => void) | null;
}

export interface LookDeps extends LedgerView {
  readonly client: RegistryClient;
  readonly lister: Lister;
  readonly bounds: ListBounds;
  readonly clock: Clock;
  /** Counts what was wrong with an answer. */
  readonly onBadAnswer: (reason: string, by?: number) => void;
  /** Most known tags are gone at once: nothing is said of it before a second look. Called by the first one. */
  readonly onMassLoss: () => void;
}

export interface LookResult {
  readonly memo: Memo;
  readonly changes: number;
  /** HEADs and lists done: what a look at this repository costs. */
  readonly requests: number;
  /** Null: everything in the plan was seen. */
  readonly error: Error | null;
  /** Some tags were not to be seen, but the look went on to its end. */
  readonly partial: boolean;
  /** Whether the registry answered anything at all. */
  readonly answered: boolean;
  /** More is waiting to be asked for. */
  readonly backlog: boolean;
  /** After this time, ms, a look may confirm the loss that this one withheld; null: it withheld nothing. */
  readonly withheldForMs: number | null;
}
