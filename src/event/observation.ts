import type { Digest } from './digest.ts';
import type { Platforms } from './platform.ts';

/**
 * What a source saw. A source never decides whether something changed; the ledger compares. Registry, repository
 * and tag are canonical (see `reference.ts`).
 *
 * A source gives no time of the gateway's wall clock, which may be wrong and may step. It gives the sender's
 * time, an age or neither; the ledger stamps the observation in its transaction (see `ledger/weigh.ts`).
 */
interface ObservationBase {
  readonly registry: string;
  readonly repository: string;
  /**
   * The sender's own time, ms since the epoch, by the sender's clock. If the sender writes whole seconds, it is
   * the end of that second, so that nothing else in the second counts as newer. Absent: unknown.
   */
  readonly saidAt?: number;
  /** True if the registry itself was asked (a poll, a HEAD); absent for a webhook. */
  readonly looked?: true;
  /** How long before this was handed over the registry was asked, monotonic ms. Absent: 0. */
  readonly ageMs?: number;
  /** The ledger's stamp from when it kept this as pending. It counts as arrived then. Only the ledger sets it. */
  readonly keptAt?: number;
  /**
   * When it happened by the sender's clock, ms since the epoch, for the change's `occurredAt`. It differs from
   * `saidAt` if the sender writes whole seconds. Absent: `saidAt`, or the ledger's time minus the age.
   */
  readonly occurredAt?: number;
  readonly origin: string;
  /** Deliveries of one event share this key; only the first one counts. Null: only the index decides. */
  readonly dedupeKey?: string | null;
  /**
   * How long the key is valid, ms. Absent: as long as the ledger remembers keys. For senders without a delivery
   * id, whose key is a hash of the body: the same body an hour later is another push.
   */
  readonly dedupeWindowMs?: number;
}

/** What concerns the order of a tag's changes. */
interface OfTag extends ObservationBase {
  /**
   * For a look: the sequence of the tag's last change that was known before the registry was asked; -1: the tag was not
   * known. If the tag has changed since, the look is older: which of two that overlap the registry answered first, no
   * age can tell. Absent: its age decides alone.
   */
  readonly basedOn?: number;
  /**
   * `platforms`: they are asked for, so a change that this makes waits until they are known. `turn`: others of its tag
   * go first; only the ledger sets it, on what it keeps.
   */
  readonly awaits?: 'platforms' | 'turn';
  /** The ledger's stamp at which it began to wait for its turn, ms: a look is older. Only the ledger sets it. */
  readonly waitsSince?: number;
  /** True: its turn has come, and it is decided now. Only what completes a turn sets it. */
  readonly waited?: true;
}

/** The platforms of what a tag points at, and of what it pointed at before. Null: not known. */
export interface LearnedPlatforms {
  readonly platforms: Platforms | null;
  /** Absent: there was nothing before, or it was not looked up. */
  readonly before?: { readonly digest: Digest; readonly platforms: Platforms | null };
}

/** The digest is null if the sender named none and the registry could not be asked. */
export interface TagObserved extends OfTag {
  readonly kind: 'tag';
  readonly tag: string;
  readonly digest: Digest | null;
  readonly mediaType: string | null;
  readonly size: number | null;
  /** What was learned while it waited; absent: nothing. */
  readonly platforms?: LearnedPlatforms;
  /** True for a first look: a tag that was unknown enters the index without a change. */
  readonly silent?: boolean;
}

/** The tag certainly did not exist. */
export interface TagGone extends OfTag {
  readonly kind: 'tag-gone';
  readonly tag: string;
}

/** Pushed by digest, without a tag. */
export interface ManifestObserved extends ObservationBase {
  readonly kind: 'manifest';
  readonly digest: Digest;
  readonly mediaType: string | null;
  readonly size: number | null;
  /** True if the registry was asked for it, and nobody pushed: a digest that was unknown makes no change. */
  readonly silent?: boolean;
}

/** It counts only if the ledger knows the digest, because the deletion of a blob looks the same. */
export interface ManifestGone extends ObservationBase {
  readonly kind: 'manifest-gone';
  readonly digest: Digest;
}

/** The repository and all its tags are gone. */
export interface RepositoryGone extends ObservationBase {
  readonly kind: 'repository-gone';
}

/** A poll has looked at all tags that match `scope` (a tag or a pattern): from now on, an unknown tag there is new. */
export interface ScopeBaselined extends ObservationBase {
  readonly kind: 'baseline';
  readonly scope: string;
}

/**
 * A poll read the list of all tags of the repository, and handed over before this what came of it: unknown tags, and
 * what was missing. `ageMs` counts from the request for the first page. Not for a list of some tags only, nor if tags
 * of it still wait for a HEAD.
 */
export interface TagsListed extends ObservationBase {
  readonly kind: 'listed';
  /** True: to its end. False: newest first, down to what was known; deletions went unseen. */
  readonly whole: boolean;
}

/** All that a source can say. */
export type Observation =
  | TagObserved
  | TagGone
  | ManifestObserved
  | ManifestGone
  | RepositoryGone
  | ScopeBaselined
  | TagsListed;

/**
 * Kept durably until a HEAD at the registry decides it or gives up: a tag without a digest, or a push or deletion
 * that the sender dates before our last look. Or until its turn has come (`awaits`). So a crash between the webhook's
 * 2xx and the answer of the registry loses nothing.
 */
export interface PendingObservation {
  readonly id: string;
  readonly observation: Deferred;
}

/** A pending observation whose turn has come. */
export interface Turn extends PendingObservation {
  /** Since the ledger got it, by the ledger's clock, ms. */
  readonly waitedMs: number;
}

/** What can wait for a HEAD. */
export type Deferred = TagObserved | TagGone;
