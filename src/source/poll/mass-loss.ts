import type { Scopes } from './scopes.ts';

interface LossEvidence {
  readonly scopes: Scopes;
  readonly known: ReadonlyMap<string, string | null>;
  /** Whether a list was read: a known tag of a pattern is then there, unless it is `missing`. */
  readonly listed: boolean;
  /** Known tags that a complete list lacks. */
  readonly missing: ReadonlySet<string>;
  /** Tags whose HEAD was answered. */
  readonly asked: ReadonlySet<string>;
  readonly gone: ReadonlySet<string>;
}

/** From this many known tags on, losing more than half is a mass loss. Losing all always is. */
export const massLossTags = 10;

/** Whether so many known tags are gone that the registry is probably ill: an emptied one answers 404 too. Pure. */
export function isMassLoss({ scopes, known, listed, missing, asked, gone }: LossEvidence): boolean {
  const exact = new Set(scopes.exact);
  let lost = 0;
  let present = 0;
  // One look at a large repository asks for few of the listed tags: they stand for the others.
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
 * How long a mass loss is still withheld, ms; 0: a look at least `confirmMs` ago found it too.
 *
 * @param lostSince when a look first found it, ms since the epoch; 0: none did. A time after `now` (a clock was
 *   set back) counts as 0
 */
export function withheldMs(lostSince: number, now: number, confirmMs: number): number {
  if (lostSince === 0 || lostSince > now) return confirmMs;
  return Math.max(0, lostSince + confirmMs - now);
}
