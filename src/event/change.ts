import type { Digest } from './digest.ts';
import type { Platforms } from './platform.ts';

/** `tag.*` concern what a tag points at. `manifest.*` concern a digest that came or went without a tag. */
export const changeTypes = [
  'tag.created',
  'tag.updated',
  'tag.deleted',
  'manifest.pushed',
  'manifest.deleted',
] as const;

/** One of `changeTypes`. */
export type ChangeType = (typeof changeTypes)[number];

/** What a subscription receives if it gives no `type`. */
export const defaultChangeTypes: readonly ChangeType[] = ['tag.created', 'tag.updated', 'tag.deleted'];

/** One entry of the ledger. Times are ms since the epoch; `event/encode.ts` makes the wire form. */
export interface Change {
  readonly epoch: string;
  readonly sequence: number;
  readonly type: ChangeType;
  /** Registry host in lower case, with its port if it has one. */
  readonly registry: string;
  readonly repository: string;
  /** Null for `manifest.*`. */
  readonly tag: string | null;
  /** Null for `tag.deleted`, and if a webhook named no digest and the registry could not be asked. */
  readonly digest: Digest | null;
  readonly previousDigest: Digest | null;
  readonly mediaType: string | null;
  /** Bytes. */
  readonly size: number | null;
  /** When it happened at the registry, as far as known. */
  readonly occurredAt: number;
  /** When the ledger stored it. It never decreases from one change to the next. */
  readonly recordedAt: number;
  /** Its source: `webhook:<name>`, `poll` or `publish:<name>`. */
  readonly origin: string;
  /**
   * What it points at, by platform. Null: asked for, but it is not known which platforms moved. Absent: not asked for.
   */
  readonly platforms?: Platforms | null;
  /** The platforms that a `tag.updated` moved; given with `platforms`. No client sees it. */
  readonly movedPlatforms?: readonly string[];
}
