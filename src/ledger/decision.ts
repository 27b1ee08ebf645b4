/** What a ledger decides, and what it decides from: the rows of the index. `decide.ts` makes the decision. */
import type { Change } from '../event/change.ts';
import type { Digest } from '../event/digest.ts';
import type { Deferred } from '../event/observation.ts';
import type { Outcome, TagState } from './ledger.ts';
import type { TagListing } from './list-marks.ts';
import type { TurnCounts } from './turns.ts';
import type { Deliveries, Moment, Remembered } from './weigh.ts';

/** What the index holds of a tag. A tombstone's digest, media type and size are null. */
export interface TagRow extends TagState, Remembered {
  readonly present: boolean;
  readonly lookedAt: number | null;
  /**
   * The ledger's stamp as of which the tag certainly pointed at this digest (a tombstone: was gone), ms; null or
   * absent: unknown. It differs from `asOf`: a delivery that comes late is believed when it comes, but it confirms
   * only the time that its sender gave.
   */
  readonly checkedAt?: number | null;
}

/** That a repository has, or had, a digest. */
export interface ManifestRow extends Omit<Remembered, 'lookedAt'> {
  readonly registry: string;
  readonly repository: string;
  readonly digest: Digest;
  readonly present: boolean;
  /** Null or absent: no source said it. */
  readonly mediaType?: string | null;
  /** Bytes; null or absent: no source said it. */
  readonly size?: number | null;
}

/** The index as the decision reads it: synchronously, within the transaction. */
export interface IndexView extends Deliveries, TurnCounts {
  tag(registry: string, repository: string, tag: string): TagRow | undefined;
  /** Present tags that point at the digest, ordered by tag. */
  tagsAt(registry: string, repository: string, digest: Digest): readonly TagRow[];
  /** Present tags of the repository, ordered by tag. */
  tagsOf(registry: string, repository: string): readonly TagRow[];
  manifest(registry: string, repository: string, digest: Digest): ManifestRow | undefined;
  hasBaseline(registry: string, repository: string, scope: string): boolean;
}

/** Where the ledger stands when an observation comes. */
export interface Standing extends Moment {
  readonly epoch: string;
  /** The next change is `head + 1`. */
  readonly head: number;
  /** `recordedAt` of the changes, ms since the epoch: the wall clock, but never before the previous change. */
  readonly recordedAt: number;
}

/** Digests that survive the end of their repository: those that `by` named after `after` and up to `upTo`. */
export interface Spared {
  readonly by: string;
  /** On that sender's clock, ms since the epoch. */
  readonly after: number;
  readonly upTo: number;
}

/** What to write, in one transaction. */
export interface Decision {
  readonly outcome: Outcome;
  readonly changes: readonly Change[];
  readonly tags: readonly TagRow[];
  readonly manifests: readonly ManifestRow[];
  /**
   * The repository ended. Which manifest rows without a present tag to forget: all, or all except these; and its list
   * marks. Null: it did not end.
   */
  readonly forgetManifests: Spared | 'all' | null;
  readonly baseline: string | null;
  /** Its marks are added to the repository's (`withListing`). */
  readonly listed: TagListing | null;
  /** Kept as pending in the same transaction: a look decides them. */
  readonly lookAgain: readonly Deferred[];
  /** Kept as pending in the same transaction, last of its tag's turns; null: it does not wait. */
  readonly turn: Deferred | null;
}
