import type { Digest } from './digest.ts';

/**
 * What a source saw. Sources never decide whether something changed: they say what was so, and the ledger
 * compares. Registry, repository and tag are canonical (see `reference.ts`).
 *
 * No source gives a time of the gateway's clock, which may be wrong and may step. It gives the sender's time,
 * an age or neither; the ledger stamps the observation in its transaction (see `ledger/weigh.ts`).
 */
interface ObservationBase {
  readonly registry: string;
  readonly repository: string;
  /**
   * The sender's own time for it, ms since the epoch, as the sender's clock has it. Where the sender writes whole
   * seconds it is the end of that second, so that nothing else in the second counts as newer. Absent: none.
   */
  readonly saidAt?: number;
  /** True: the registry was asked (a poll, a HEAD). Absent: somebody told us. */
  readonly looked?: true;
  /** How long ago the registry was asked, ms of a monotonic clock, when this is handed over. Absent: 0. */
  readonly ageMs?: number;
  /** Set by the ledger: its stamp when it kept this as pending. It counts as arrived then. */
  readonly keptAt?: number;
  /**
   * When the sender says that it happened, ms since the epoch, for the change's `occurredAt`; absent: `saidAt`,
   * or the ledger's time less the age. It differs from `saidAt` where the sender's time has whole seconds.
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
 * Kept durably until a HEAD at the registry decides it (or gives up): a tag without a digest, or a push or
 * deletion that the sender's time puts before our last look at the tag. The ledger keeps it, so that a crash
 * between the webhook's 2xx and the HEAD loses nothing.
 */
export interface PendingObservation {
  readonly id: string;
  readonly observation: Deferred;
}

export type Deferred = TagObserved | TagGone;
