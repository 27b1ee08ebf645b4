/**
 * Whether a look found so many known tags gone at once that the registry is more likely ill than cleaned up: a
 * registry that came back empty answers 404 as convincingly as one whose tags were deleted. Pure.
 */
import type { Scopes } from './scopes.ts';

export interface LossEvidence {
  readonly scopes: Scopes;
  /** The ledger's present tags of the repository. */
  readonly known: ReadonlyMap<string, string | null>;
  /** Whether there is a list, so that a tag of a pattern that is not missing from it is there. */
  readonly listed: boolean;
  /** Known tags that a complete list lacks. */
  readonly missing: ReadonlySet<string>;
  /** Tags that were asked for and answered. */
  readonly asked: ReadonlySet<string>;
  /** Those of them that were answered by 404. */
  readonly gone: ReadonlySet<string>;
}

/** From this many known tags on, more than half of them is a mass loss; all of them always is. */
export const massLossTags = 10;

export function isMassLoss({ scopes, known, listed, missing, asked, gone }: LossEvidence): boolean {
  const exact = new Set(scopes.exact);
  let lost = 0;
  let present = 0;
  // A turn through a large repository asks for few of the tags that the list names: they speak for the others.
  let named = 0;
  let namedGone = 0;
  for (const tag of known.keys()) {
    const byList = listed && !exact.has(tag) && scopes.matchesPattern(tag);
    if (!byList && !exact.has(tag)) continue;
    const isAsked = asked.has(tag);
    if (gone.has(tag) || (missing.has(tag) && !isAsked)) lost += 1;
    else if (isAsked || byList) present += 1;
    if (isAsked && !missing.has(tag)) {
      named += 1;
      if (gone.has(tag)) namedGone += 1;
    }
  }
  const isAll = lost > 0 && present === 0;
  const isMost = lost + present >= massLossTags && lost > present;
  const isMostOfNamed = named >= massLossTags && namedGone > named / 2;
  return isAll || isMost || isMostOfNamed;
}

/**
 * How long a mass loss is still withheld, ms; 0: a look at least `confirmMs` ago found one too.
 *
 * @param lostSince when a look first found one, ms since the epoch; 0: none did. A time ahead of `now` comes from
 *   a clock that was set back, and counts as none
 */
export function withheldMs(lostSince: number, now: number, confirmMs: number): number {
  if (lostSince === 0 || lostSince > now) return confirmMs;
  return Math.max(0, lostSince + confirmMs - now);
}
