import type { Digest } from './digest.ts';

/**
 * What a source saw. Sources never decide whether something changed: they say what was so as of a time, and
 * the ledger compares. Registry, repository and tag are canonical (see `reference.ts`).
 */
interface ObservationBase {
  readonly registry: string;
  readonly repository: string;
  /**
   * As of when this was true, ms since the epoch: the sender's time where it is trustworthy (never later than
   * arrival), else arrival; for a poll, when its request was sent. Older than what the ledger knows: ignored.
   */
  readonly observedAt: number;
  /**
   * When the sender says that it happened, ms since the epoch, for the change's `occurredAt`; absent:
   * `observedAt`. They differ where the sender's time has whole seconds (then `observedAt` is the end of that
   * second, so that nothing seen earlier in it counts as newer) and where a HEAD completed a webhook later.
   */
  readonly occurredAt?: number;
  readonly origin: string;
  /** Deliveries of one event share this key; the second one is ignored. Null: only the index decides. */
  readonly dedupeKey?: string | null;
  /**
   * How long the key stays valid, ms; absent: as long as the ledger remembers keys. For senders without a
   * delivery id, whose key is a hash of the body: the same body an hour later is another push.
   */
  readonly dedupeWindowMs?: number;
}

/** The tag pointed at the digest. Null digest: the sender named none and the registry could not be asked. */
export interface TagObserved extends ObservationBase {
  readonly kind: 'tag';
  readonly tag: string;
  readonly digest: Digest | null;
  readonly mediaType: string | null;
  readonly size: number | null;
  /** True: a first look, which fills the index and announces nothing where the tag was unknown. */
  readonly silent?: boolean;
}

/** The tag was certainly not there. */
export interface TagGone extends ObservationBase {
  readonly kind: 'tag-gone';
  readonly tag: string;
}

/** A manifest was pushed by digest alone. */
export interface ManifestObserved extends ObservationBase {
  readonly kind: 'manifest';
  readonly digest: Digest;
  readonly mediaType: string | null;
  readonly size: number | null;
}

/** The digest was deleted; counts only where the ledger knows the digest (a blob's delete looks the same). */
export interface ManifestGone extends ObservationBase {
  readonly kind: 'manifest-gone';
  readonly digest: Digest;
}

/** The whole repository was deleted. */
export interface RepositoryGone extends ObservationBase {
  readonly kind: 'repository-gone';
}

/**
 * A poll looked at all tags that match `scope` (an exact tag or a pattern) for the first time and completely:
 * from now on a tag in that scope that the index does not know is new.
 */
export interface ScopeBaselined extends ObservationBase {
  readonly kind: 'baseline';
  readonly scope: string;
}

export type Observation =
  | TagObserved
  | TagGone
  | ManifestObserved
  | ManifestGone
  | RepositoryGone
  | ScopeBaselined;

/**
 * A tag without a digest, durably kept until a HEAD at the registry completes it (or gives up). Kept by the
 * ledger, so that a crash between the webhook's 2xx and the HEAD loses nothing.
 */
export interface PendingObservation {
  readonly id: string;
  readonly observation: TagObserved;
}
