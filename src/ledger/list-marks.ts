/**
 * When the list of a repository's tags was read. A list of the index is whole only if it once was read whole, and is
 * fresh only since it was last read. Redis restates this in Lua.
 */
import type { TagsListed } from '../event/observation.ts';
import { type LedgerClock, stampAge } from './ledger-clock.ts';
import { type Moment, stampOf } from './weigh.ts';

/** Stamps of the ledger, ms. A repository whose list was never read whole has none. */
export interface ListMarks {
  /** When a list was last asked for that was read to its end. */
  readonly wholeAt: number;
  /** When a list was last asked for that was read to its end, or newest first down to what was known; ≥ `wholeAt`. */
  readonly readAt: number;
}

/** What one observation adds to the marks. */
export interface TagListing {
  readonly whole: boolean;
  /** The ledger's stamp at which the list was asked for, ms. */
  readonly at: number;
}

/** How long ago by the ledger's clock, ms; null: unknown, because the wall clock stepped back since. */
export interface ListAges {
  readonly wholeAgeMs: number | null;
  readonly readAgeMs: number | null;
}

export function listingOf(seen: TagsListed, { clock }: Moment): TagListing {
  return { whole: seen.whole, at: stampOf(seen, clock) };
}

/** Undefined: the list never was whole, and what was read of it does not make it so. */
export function withListing(known: ListMarks | undefined, { whole, at }: TagListing): ListMarks | undefined {
  if (known === undefined) return whole ? { wholeAt: at, readAt: at } : undefined;
  const wholeAt = whole ? Math.max(known.wholeAt, at) : known.wholeAt;
  return { wholeAt, readAt: Math.max(known.readAt, at) };
}

export function agesOf({ wholeAt, readAt }: ListMarks, clock: LedgerClock): ListAges {
  return { wholeAgeMs: stampAge(clock, wholeAt), readAgeMs: stampAge(clock, readAt) };
}
