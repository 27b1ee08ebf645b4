/** Whether what is known of a tag may be answered without asking its registry. Pure. */
import type { Digest } from '../event/digest.ts';
import type { KnownTag } from '../ledger/queries.ts';

/** What a registry said of a tag or a digest. */
export type Seen = {
  readonly askedAt: number;
  /** As of an observation. */
  readonly basedOn?: number;
} & (
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

/** A row of the ledger, and when it was confirmed: the ledger says how long ago, as of some moment of the reading. */
export interface DatedRow {
  /** Null: never heard of. */
  readonly row: KnownTag | null;
  /** Monotonic ms: not before; -Infinity: not known. */
  readonly checkedFrom: number;
  /** Not after. */
  readonly checkedTo: number;
}

/** @param from when the ledger was asked, monotonic ms. @param to when it had answered */
export function dated(row: KnownTag | null, from: number, to: number): DatedRow {
  const ageMs = row?.checkedAgeMs ?? Infinity;
  return { row, checkedFrom: from - ageMs, checkedTo: to - ageMs };
}

/**
 * What may be answered of a tag: the newer one of its row and the registry's last answer, if it is fresh. What the
 * registry said was recorded before it was remembered, so of two that are as old the row knows better, and so it does
 * if the tag has changed since the question.
 *
 * @param seen what the registry answered last, as this gateway remembers it
 * @param now monotonic ms, as `askedAt`
 */
export function freshTag(
  known: DatedRow,
  seen: Seen | undefined,
  now: number,
  { maxAgeMs, trusted }: FreshnessRules,
): FreshTag {
  const { row, checkedFrom, checkedTo } = known;
  const isSeenFresh = seen !== undefined && now - seen.askedAt < maxAgeMs;
  if (isSeenFresh && seen.askedAt >= checkedTo && !isOvertaken(seen, known)) return seen;
  // That a polled tag is gone is not recorded at once: which of the two is newer cannot be told.
  if (isSeenFresh && seen.kind === 'gone' && seen.askedAt >= checkedFrom) return { kind: 'ask' };
  const isFresh = checkedFrom > -Infinity && (trusted || now - checkedFrom < maxAgeMs);
  if (!isFresh || row === null) return { kind: 'ask' };
  if (!row.present) return { kind: 'gone' };
  const { digest, mediaType, size } = row;
  return digest === null ? { kind: 'ask' } : { kind: 'found', digest, mediaType, size };
}

/**
 * Whether the row knows better than an answer for which the registry was asked before, and which was recorded: if it
 * says something else, the ledger has heard of what is newer, perhaps from another gateway.
 */
export function isOvertaken(seen: Seen, { row, checkedFrom, checkedTo }: DatedRow): boolean {
  if (row === null) return false;
  const hasChanged = seen.basedOn !== undefined && row.sequence > seen.basedOn;
  if (seen.kind === 'gone')
    return (hasChanged || checkedFrom > seen.askedAt) && row.present && row.digest !== null;
  const isOther = !row.present || (row.digest !== null && row.digest !== seen.digest);
  return isOther && (hasChanged || checkedTo > seen.askedAt);
}
