/** Whether what is known of a tag may be answered without asking its registry. Pure. */
import type { Digest } from '../event/digest.ts';
import type { KnownTag } from '../ledger/queries.ts';

/** What a registry said of a tag or a digest. */
export type Seen = { readonly askedAt: number } & (
  | {
      readonly kind: 'found';
      readonly digest: Digest;
      /** Null: the registry did not say. */
      readonly mediaType: string | null;
      /** Bytes; null: the registry did not say. */
      readonly size: number | null;
    }
  | { readonly kind: 'gone' }
);

export interface FreshnessRules {
  /** How long an answer of the registry, or a row that was confirmed, may be repeated, ms. */
  readonly maxAgeMs: number;
  /** A row holds until its next webhook. */
  readonly trusted: boolean;
}

/** A descriptor as far as it is known. */
export interface PartOfDescriptor {
  readonly digest: Digest;
  readonly mediaType: string | null;
  readonly size: number | null;
}

/** A descriptor as HEAD answers it. */
export interface Descriptor extends PartOfDescriptor {
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
}

export function isWhole(part: PartOfDescriptor): part is Descriptor {
  return part.mediaType !== null && part.size !== null;
}

export type FreshTag =
  | ({ readonly kind: 'found' } & PartOfDescriptor)
  | { readonly kind: 'gone' }
  | { readonly kind: 'ask' };

/** A row of the ledger, and since when it is certain. */
export interface DatedRow {
  /** Null: never heard of. */
  readonly row: KnownTag | null;
  /** Monotonic ms, at the latest; -Infinity: not known. */
  readonly checkedAt: number;
}

/**
 * @param readAt when the ledger was asked, monotonic ms. Not when it answered: what the answer took must not make the row
 *   look younger than it is
 */
export function dated(row: KnownTag | null, readAt: number): DatedRow {
  return {
    row,
    checkedAt: row === null || row.checkedAgeMs === null ? -Infinity : readAt - row.checkedAgeMs,
  };
}

/**
 * What may be answered of a tag: the newer one of its row and the registry's last answer, if it is fresh.
 *
 * @param seen what the registry answered last, as this gateway remembers it
 * @param now monotonic ms, as `askedAt`
 */
export function freshTag(
  { row, checkedAt }: DatedRow,
  seen: Seen | undefined,
  now: number,
  { maxAgeMs, trusted }: FreshnessRules,
): FreshTag {
  if (seen !== undefined && seen.askedAt >= checkedAt && now - seen.askedAt < maxAgeMs) return seen;
  const isFresh = checkedAt > -Infinity && (trusted || now - checkedAt < maxAgeMs);
  if (!isFresh || row === null) return { kind: 'ask' };
  if (!row.present) return { kind: 'gone' };
  const { digest, mediaType, size } = row;
  return digest === null ? { kind: 'ask' } : { kind: 'found', digest, mediaType, size };
}

/** Whether the row knows better than an answer for which the registry was asked before. */
export function isOvertaken(seen: Seen, { row, checkedAt }: DatedRow): boolean {
  if (row === null || checkedAt <= seen.askedAt) return false;
  if (seen.kind === 'gone') return row.present && row.digest !== null;
  return !row.present || (row.digest !== null && row.digest !== seen.digest);
}
