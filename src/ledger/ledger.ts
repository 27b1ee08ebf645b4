/**
 * The ledger port: the ordered log of changes, and the index of what every known tag points at now. Both move in one
 * transaction. Implementations: `memory/` (tests), `sqlite/` (durable, default), `redis/` (shared by several
 * gateways). All pass `test/contract/ledger.ts`.
 *
 * A ledger decides what is a change, numbers it and keeps it. It does not know who listens, encodes nothing for the
 * wire and asks no registry.
 */

import type { Change } from '../event/change.ts';
import type { Observation, PendingObservation, TagObserved, Turn } from '../event/observation.ts';
import type { TargetCursors } from './cursors.ts';
import type { Bounds, LedgerQueries } from './queries.ts';
import type { Storage } from './storage.ts';

export type { Bounds, TagState } from './queries.ts';

/** What an observation came to. */
export type Outcome =
  | 'changed'
  /** The ledger knew it already. */
  | 'unchanged'
  /** Older than what the ledger knows: ignored. */
  | 'stale'
  | 'duplicate'
  /** Deletes something that the ledger never knew (a blob, an unknown tag). */
  | 'unknown'
  /**
   * It is kept, and decided later. By the sender's time it happened before our last look at the tag: another look
   * decides. Or it waits for its platforms, or behind others of its tag (`turns.ts`). Of a list: tags of it wait, so it
   * does not count, and is not kept.
   */
  | 'waiting'
  /** Filled the index without a change: a first look, or a digest learned later. */
  | 'filled';

/** The answer to `record`. */
export interface Recorded {
  /** One per observation, in order. */
  readonly outcomes: readonly Outcome[];
  readonly changes: readonly Change[];
}

/** Which changes a read wants. */
export interface ReadFilter {
  /** Exact repositories, `registry/repository`. An implementation may return more. */
  readonly repositories?: readonly string[];
}

/** Changes, and where the next page starts. */
export interface Page {
  /** In order of sequence, all after the requested one. */
  readonly changes: readonly Change[];
  /** The read looked at everything up to this sequence: the next page starts after it. */
  readonly next: number;
  /** False: more may follow after `next`. */
  readonly atHead: boolean;
}

/** What a tail hears. `reset`: continuity was lost, everything known of the old epoch is void. */
export type TailEvent =
  | { readonly kind: 'changes'; readonly changes: readonly Change[] }
  | { readonly kind: 'reset'; readonly bounds: Bounds; readonly reason: string };

/** What `trim` keeps. */
export interface RetentionOptions {
  readonly maxChanges: number;
  /** Age of the oldest change kept, ms. */
  readonly maxAgeMs: number;
}

/** The port; see the head of this file. What can be asked besides following the log: `queries.ts`. */
export interface Ledger extends LedgerQueries {
  /** Where targets are. It closes with the ledger. */
  readonly cursors: TargetCursors;
  bounds(): Promise<Bounds>;
  /**
   * Compares each observation with the index, in order, and stores what changed. Resolves once it is durable; rejects
   * with `UNAVAILABLE` if nothing was stored. Concurrent calls are committed as one group. A `waiting` observation is
   * kept as pending in the same transaction; beyond `maxPending` it is believed as it came.
   *
   * @param settles ids of pending observations that these complete, removed in the same transaction. If an id is no
   *   longer pending (another gateway was faster), the call does nothing and returns no outcomes.
   */
  record(observations: readonly Observation[], settles?: readonly string[]): Promise<Recorded>;
  /**
   * Keeps tags without digest durably until `record(…, settles)`. Rejects with `UNAVAILABLE` beyond `maxPending`.
   * Skips observations whose dedupeKey is known, and remembers the others. Returns those kept.
   */
  defer(observations: readonly TagObserved[]): Promise<readonly PendingObservation[]>;
  /**
   * Leases unclaimed pending observations that wait for a look, so that one gateway completes each; also what a crash
   * left behind.
   */
  claimPending(limit: number, leaseMs: number): Promise<readonly PendingObservation[]>;
  /** Leases, for each tag, the first pending observation that waits for its turn; complete it with `waited`. */
  claimTurns(limit: number, leaseMs: number): Promise<readonly Turn[]>;
  /**
   * Changes after `after`, at most `limit` (1–1,000). Looks at a bounded number of entries, so a page may be empty
   * and still not `atHead`. Rejects with `POSITION_GONE` if `after` is not between floor and head.
   */
  read(after: number, limit: number, filter?: ReadFilter): Promise<Page>;
  /** The sequence before the first change recorded at or after `time` (ms since the epoch); head if there is none. */
  seek(time: number): Promise<number>;
  /** Scopes of `registry/repository` that a poll has baselined. */
  baselines(registry: string, repository: string): Promise<readonly string[]>;
  /** Every change after the current head, in order, once it is durable. Returns an idempotent stop. */
  tail(listener: (event: TailEvent) => void): () => void;
  /** Resolves if the ledger can store now; otherwise rejects with `UNAVAILABLE` and the reason. */
  check(): Promise<void>;
  /** What the store holds and may still take. */
  storage(): Promise<Storage>;
  /**
   * Drops what retention no longer keeps, in bounded batches: changes by count and age; delivery keys, tombstones,
   * untagged digests, list marks and targets by age. The owner calls it regularly.
   */
  trim(): Promise<Bounds>;
  /** Idempotent. Waits for commits under way. */
  close(): Promise<void>;
}
