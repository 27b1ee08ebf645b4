/**
 * What the gateway sends, typed by hand: a page must not carry a validator. A test holds these types to the gateway's
 * own. PROTOCOL.md, section 2, has the words.
 */
import type { FeedError } from './feed-error.ts';

/** What happened. `tag.*` concern what a tag points at, `manifest.*` a digest that came or went without a tag. */
export type ChangeType =
  | 'tag.created'
  | 'tag.updated'
  | 'tag.deleted'
  | 'manifest.pushed'
  | 'manifest.deleted';

/** One entry of the ledger. */
export interface Change {
  /** Its place in the ledger, `<epoch>-<sequence>`. Save `resume` of the event instead: this may be ahead of it. */
  readonly position: string;
  readonly type: ChangeType;
  /** Host, with its port if it has one: `docker.io`. */
  readonly registry: string;
  /** `library/nginx` */
  readonly repository: string;
  /** Null for `manifest.*`. */
  readonly tag: string | null;
  /** What the tag points at now. Null for `tag.deleted`, and if it is not known. */
  readonly digest: string | null;
  readonly previousDigest: string | null;
  readonly mediaType: string | null;
  /** Bytes of the manifest. */
  readonly size: number | null;
  /** RFC 3339: when it happened, as its source says. */
  readonly occurredAt: string;
  /** RFC 3339: when the ledger stored it. Never decreases from one change to the next. */
  readonly recordedAt: string;
  /** `webhook:<name>`, `publish:<name>` or `poll` */
  readonly origin: string;
  /** Platform → digest of its manifest. Null: not known which moved. Absent: the operator does not ask for it. */
  readonly platforms?: Readonly<Record<string, string>> | null;
}

/** What a tag points at now. */
export interface TagState {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string | null;
  readonly mediaType: string | null;
  /** Bytes of the manifest. */
  readonly size: number | null;
  /** RFC 3339. */
  readonly firstSeenAt: string;
  /** RFC 3339: when it last began to point at another digest. */
  readonly updatedAt: string;
}

/** Why a stream could not go on where the client asked (PROTOCOL.md, section 3). */
export type ResetReason = 'epoch' | 'below-floor' | 'ahead-of-head' | 'continuity-lost';

/** A message of the gateway, whatever brought it. */
export type Message =
  | { readonly kind: 'change'; readonly resume: string; readonly change: Change }
  | { readonly kind: 'state'; readonly row: TagState }
  | { readonly kind: 'ready'; readonly position: string; readonly heartbeatMs: number }
  | {
      readonly kind: 'reset';
      readonly reason: ResetReason;
      readonly position: string;
      readonly floor: string;
    }
  | { readonly kind: 'bookmark'; readonly position: string };

/** The gateway closes, and says why and when to come back. */
export interface Farewell {
  readonly kind: 'bye';
  readonly error: FeedError;
}
