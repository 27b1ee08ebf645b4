/**
 * What one look finds gone. A few tags that the list lacked from the start are recorded at once. The others
 * (exact tags, and tags that the list named) wait for the end of the look, when their number is known.
 */
import type { Listing } from './listers/lister.ts';
import { missingTags } from './plan.ts';
import type { Scopes } from './scopes.ts';

/** The ledger's tags and digests; null: a digest that it lacks. */
export type KnownTags = ReadonlyMap<string, string | null>;

/** A tag whose HEAD said 404. */
export interface GoneTag {
  readonly tag: string;
  /** When it was asked, monotonic ms. */
  readonly askedAt: number;
}

interface LossVerdict {
  readonly announced: readonly GoneTag[];
  /** For the next look's memo. */
  readonly lostSince: number;
  /** As in `LookResult`. */
  readonly withheldForMs: number | null;
  /** No earlier look withheld this loss. */
  readonly isFirst: boolean;
}

/** What asking again at the end of a look found. */
export interface SecondThoughts {
  /** No tag that was there is left: the registry lost its tags during the look. */
  readonly isEmptied: boolean;
  /** Tags that were gone are back: the registry was without them for a moment. */
  readonly hasReturned: boolean;
}

/** The losses of one look. */
export class Losses {
  readonly #scopes: Scopes;
  readonly #lostSince: number;
  readonly #startedAt: number;
  /** How long a mass loss is withheld, ms; 0: an earlier look found it too. */
  readonly #withheldMs: number;
  readonly #waiting: GoneTag[] = [];
  readonly #gone = new Set<string>();
  #missing: ReadonlySet<string> = new Set();
  #listed = false;
  #isMassByList = false;

  /**
   * @param lostSince from the last look's memo
   * @param now when the look begins, ms since the epoch
   * @param confirmMs time after which a second look may confirm a loss
   */
  constructor(scopes: Scopes, lostSince: number, now: number, confirmMs: number) {
    this.#scopes = scopes;
    this.#lostSince = lostSince;
    this.#startedAt = now;
    this.#withheldMs = withheldMs(lostSince, now, confirmMs);
  }

  get any(): boolean {
    return this.#gone.size > 0 || this.#missing.size > 0;
  }

  get waiting(): readonly GoneTag[] {
    return this.#waiting;
  }

  /** Notes what the list lacks; returns the tags that need a HEAD. */
  takeList(listing: Listing, known: KnownTags): readonly string[] {
    const missing = missingTags({ scopes: this.#scopes, listing, known });
    this.#listed = true;
    this.#missing = new Set(missing);
    // Exact tags are asked for in any case; until then they count as there.
    this.#isMassByList = missing.length > 0 && this.#isMassLoss(known, new Set(this.#scopes.exact));
    return this.#withheldMs > 0 && this.#isMassByList ? [] : missing;
  }

  /** @returns whether to record it at once */
  add(gone: GoneTag): boolean {
    this.#gone.add(gone.tag);
    const isPlain = this.#missing.has(gone.tag) && !this.#isMassByList;
    const isConfirmed = this.#lostSince !== 0 && this.#withheldMs === 0;
    if (isPlain || isConfirmed) return true;
    this.#waiting.push(gone);
    return false;
  }

  /**
   * Judges the losses at the end of the look.
   *
   * @param asked tags whose HEAD was answered
   * @param isWhole whether the look saw everything it wanted to; otherwise a loss is never over
   */
  judge(
    known: KnownTags,
    asked: ReadonlySet<string>,
    isWhole: boolean,
    { isEmptied, hasReturned }: SecondThoughts,
  ): LossVerdict {
    const waiting = this.#waiting.splice(0);
    const lostSince = this.#lostSince;
    const isMass = isEmptied || (this.any && this.#isMassLoss(known, asked));
    if (hasReturned || !isMass || this.#withheldMs === 0) {
      return {
        announced: hasReturned ? [] : waiting,
        lostSince: !isMass && isWhole ? 0 : lostSince,
        withheldForMs: null,
        isFirst: false,
      };
    }
    const isFirst = lostSince === 0 || lostSince > this.#startedAt;
    return {
      // The ledger does not know these tags, so they make no change.
      announced: waiting.filter(({ tag }) => !known.has(tag)),
      lostSince: isFirst ? this.#startedAt : lostSince,
      withheldForMs: this.#withheldMs,
      isFirst,
    };
  }

  #isMassLoss(known: KnownTags, asked: ReadonlySet<string>): boolean {
    return isMassLoss({
      scopes: this.#scopes,
      known,
      listed: this.#listed,
      missing: this.#missing,
      asked,
      gone: this.#gone,
    });
  }
}

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
