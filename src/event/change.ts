import type { Digest } from './digest.ts';

/** What happened. `tag.*` concern what a tag points at, `manifest.*` a digest that came or went without a tag. */
export const changeTypes = [
  'tag.created',
  'tag.updated',
  'tag.deleted',
  'manifest.pushed',
  'manifest.deleted',
] as const;

export type ChangeType = (typeof changeTypes)[number];

/** What a subscription gets when it asks for no `type`. */
export const defaultChangeTypes: readonly ChangeType[] = ['tag.created', 'tag.updated', 'tag.deleted'];

/** One entry of the ledger. Times are milliseconds since the epoch; `event/encode.ts` gives the wire form. */
export interface Change {
  readonly epoch: string;
  /** Dense: the next change is always +1. */
  readonly sequence: number;
  readonly type: ChangeType;
  /** Registry host, with its port where it has one, lower case. */
  readonly registry: string;
  readonly repository: string;
  /** Null for `manifest.*`. */
  readonly tag: string | null;
  /** Null for `tag.deleted`, and where a webhook named no digest and the registry could not be asked. */
  readonly digest: Digest | null;
  readonly previousDigest: Digest | null;
  readonly mediaType: string | null;
  /** Bytes of the manifest. */
  readonly size: number | null;
  /** When it happened at the registry, as far as is known. */
  readonly occurredAt: number;
  /** When the ledger stored it; never falls from one change to the next. */
  readonly recordedAt: number;
  /** Where it was learned: `webhook:<name>`, `poll` or `publish:<name>`. */
  readonly origin: string;
}
