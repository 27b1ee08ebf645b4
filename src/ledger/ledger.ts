/**
 * The ledger port: the ordered log of changes and the index of what every known tag points at now. Both move
 * in one transaction. Implementations: `memory.ts` (tests), `sqlite.ts` (durable default), `redis.ts`
 * (several gateways share one). All pass `test/contract/ledger.ts`.
 *
 * It decides what is a change, numbers it and keeps it. It never knows who listens, encodes nothing for the
 * wire and asks no registry.
 */

import type { Change } from '../event/change.ts';
import type { EncodableTagState } from '../event/encode.ts';
import type { Observation, PendingObservation, TagObserved } from '../event/observation.ts';

/** Where the ledger begins and ends. A position P of this epoch can be resumed iff floor ≤ P ≤ head. */
export interface Bounds {
  readonly epoch: string;
  /** The sequence just before the oldest change still kept; equals head when nothing is kept. */
  readonly floor: number;
  /** The sequence of the newest change; 0 when there never was one. */
  readonly head: number;
  /** Positions below this are gone because stored changes were lost, not by retention. Absent: nothing was lost. */
  readonly lost?: number;
}

/** Why an observation made no change, or that it did. */
export type Outcome =
  /** Made one or more changes. */
  | 'changed'
  /** What it says was known already. */
  | 'unchanged'
  /** Older than what the ledger knows: ignored. */
  | 'stale'
  /** A delivery seen before. */
  | 'duplicate'
  /** Deletes something the ledger never knew (a blob, an unknown tag). */
  | 'unknown'
  /** By the sender's time it happened before our last look at the tag: kept, and a look decides it. */
  | 'waiting'
  /** Filled the index without an announcement (first look, or a digest learned later). */
  | 'filled';

export interface Recorded {
  /** One per observation, in order. */
  readonly outcomes: readonly Outcome[];
  /** The changes made, in order of sequence. */
  readonly changes: readonly Change[];
}

/** Narrows a read. Absent members do not narrow. */
export interface ReadFilter {
  /** Exact repositories, `registry/repository`. An implementation may use an index; it may also return more. */
  readonly repositories?: readonly string[];
}

export interface Page {
  /** In order of sequence, all after the asked sequence. */
  readonly changes: readonly Change[];
  /** Everything up to this sequence has been looked at: the next page starts after it. */
  readonly next: number;
  /** False when more may follow after `next`. */
  readonly atHead: boolean;
}

/** What one tag points at now. */
export interface TagState extends EncodableTagState {
  /** The sequence of the change that made it so; 0 where a silent first look did. */
  readonly sequence: number;
}

export interface TagQuery {
  /** Exact repositories `registry/repository`; absent: all. */
  readonly repositories?: readonly string[];
  /** Opaque: from the page before. */
  readonly cursor?: string;
  /** Rows at most, 1–1,000. */
  readonly limit: number;
}

export interface TagPage {
  /** Present tags only, ordered by registry, repository, tag. */
  readonly tags: readonly TagState[];
  /** Null on the last page. */
  readonly cursor: string | null;
}

/** What a tail hears. `reset` means: continuity was lost, everything known of the old epoch is void. */
export type TailEvent =
  | { readonly kind: 'changes'; readonly changes: readonly Change[] }
  | { readonly kind: 'reset'; readonly bounds: Bounds; readonly reason: string };

export interface RetentionOptions {
  /** Changes kept at most. */
  readonly maxChanges: number;
  /** Age of the oldest change kept, ms. */
  readonly maxAgeMs: number;
}

export interface Ledger {
  bounds(): Promise<Bounds>;
  /**
   * Compares each observation with the index, in order, and stores what changed. Resolves only after it is
   * durable. Calls made at the same time are committed as one group. Rejects with `UNAVAILABLE` when nothing
   * was stored. What comes out as `waiting` is kept as pending in the same transaction; beyond `maxPending` it is
   * believed as it came instead.
   *
   * @param settles ids of pending observations that these complete: removed in the same transaction. An id
   *   that is not pending any more (another gateway was faster) makes the call a no-op with no outcomes.
   */
  record(observations: readonly Observation[], settles?: readonly string[]): Promise<Recorded>;
  /**
   * Keeps tags without digest durably until `record(…, settles)`; at most `maxPending` are held (then
   * rejects with `UNAVAILABLE`). A dedupeKey already seen is not kept again, and is remembered from now on.
   * Returns those that were kept.
   */
  defer(observations: readonly TagObserved[]): Promise<readonly PendingObservation[]>;
  /**
   * Pending observations that nobody works on: claimed for `leaseMs`, so that of several gateways one
   * completes each. At a start this yields what a crash left behind.
   */
  claimPending(limit: number, leaseMs: number): Promise<readonly PendingObservation[]>;
  /**
   * Changes after `after`, at most `limit` (1–1,000) of them; looks at a bounded number of entries, so a page
   * may be empty and still not `atHead`. Rejects with `POSITION_GONE` when `after` < floor.
   */
  read(after: number, limit: number, filter?: ReadFilter): Promise<Page>;
  /** The sequence just before the first change recorded at or after `time` (ms); head when there is none. */
  seek(time: number): Promise<number>;
  tags(query: TagQuery): Promise<TagPage>;
  /** Scopes of `registry/repository` that a poll has baselined. */
  baselines(registry: string, repository: string): Promise<readonly string[]>;
  /**
   * Every change after the ledger's head at the time of the call, once, in order, after it is durable; batches
   * as they were committed. Returns an idempotent stop.
   */
  tail(listener: (event: TailEvent) => void): () => void;
  /** Resolves when the ledger can store now; rejects with `UNAVAILABLE` and the reason otherwise. */
  check(): Promise<void>;
  /**
   * Drops what retention no longer keeps, in bounded batches: changes by count and age; by age delivery keys,
   * what is gone, and digests that no tag points at, which would pile up for ever. The owner calls it now and
   * then.
   */
  trim(): Promise<Bounds>;
  /** Idempotent. Waits for commits under way. */
  close(): Promise<void>;
}
