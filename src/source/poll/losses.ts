/**
 * What one look finds gone. Tags that the list lacked when the look began are said to be gone at once, if they are
 * few; the others (exact ones, and those that the list named) wait for the end of the look, when their number is
 * known.
 */
import type { Listing } from './listers/lister.ts';
import { isMassLoss, withheldMs } from './mass-loss.ts';
import { missingTags } from './plan.ts';
import type { Scopes } from './scopes.ts';

export type KnownTags = ReadonlyMap<string, string | null>;

/** A tag that the registry said is gone. */
export interface GoneTag {
  readonly tag: string;
  /** When it was asked, monotonic ms. */
  readonly askedAt: number;
}

export interface LossVerdict {
  /** To be said now. */
  readonly announced: readonly GoneTag[];
  /** For the next look's memo; see there. */
  readonly lostSince: number;
  /** After this time, ms, a look may confirm what this one withheld; null: it withheld nothing. */
  readonly withheldForMs: number | null;
  /** No earlier look withheld this loss. */
  readonly isFirst: boolean;
}

/** What was learned by asking again at the end of the look. */
export interface SecondThoughts {
  /** Nothing that was there is there any more: the registry lost its tags while the look ran. */
  readonly isEmptied: boolean;
  /** Tags that were gone and are there: the registry was without them for a moment. */
  readonly isBack: boolean;
}

export class Losses {
  readonly #scopes: Scopes;
  readonly #lostSince: number;
  readonly #startedAt: number;
  /** Of a mass loss; 0: an earlier look found it too. */
  readonly #withheldMs: number;
  readonly #waiting: GoneTag[] = [];
  readonly #gone = new Set<string>();
  #missing: ReadonlySet<string> = new Set();
  #listed = false;
  #isMassByList = false;

  /**
   * @param lostSince of the last look's memo
   * @param now when the look begins, ms since the epoch
   * @param confirmMs how much later a second look must find the same
   */
  constructor(scopes: Scopes, lostSince: number, now: number, confirmMs: number) {
    this.#scopes = scopes;
    this.#lostSince = lostSince;
    this.#startedAt = now;
    this.#withheldMs = withheldMs(lostSince, now, confirmMs);
  }

  /** Whether there is anything to judge. */
  get any(): boolean {
    return this.#gone.size > 0 || this.#missing.size > 0;
  }

  get waiting(): readonly GoneTag[] {
    return this.#waiting;
  }

  /** Notes what the list lacks; returns those tags that are worth a HEAD. */
  takeList(listing: Listing, known: KnownTags): readonly string[] {
    const missing = missingTags({ scopes: this.#scopes, listing, known });
    this.#listed = true;
    this.#missing = new Set(missing);
    // Exact tags are asked for in any case: for now they count as there.
    this.#isMassByList = missing.length > 0 && this.#isMassLoss(known, new Set(this.#scopes.exact));
    return this.#withheldMs > 0 && this.#isMassByList ? [] : missing;
  }

  /** @returns whether to say it at once */
  add(gone: GoneTag): boolean {
    this.#gone.add(gone.tag);
    const isPlain = this.#missing.has(gone.tag) && !this.#isMassByList;
    const isConfirmed = this.#lostSince !== 0 && this.#withheldMs === 0;
    if (isPlain || isConfirmed) return true;
    this.#waiting.push(gone);
    return false;
  }

  /**
   * At the end of the look.
   *
   * @param asked tags whose HEAD was answered
   * @param isWhole whether the look saw everything it wanted to: only then a loss is known to be over
   */
  judge(
    known: KnownTags,
    asked: ReadonlySet<string>,
    isWhole: boolean,
    { isEmptied, isBack }: SecondThoughts,
  ): LossVerdict {
    const waiting = this.#waiting.splice(0);
    const lostSince = this.#lostSince;
    const isMass = isEmptied || (this.any && this.#isMassLoss(known, asked));
    if (isBack || !isMass || this.#withheldMs === 0) {
      return {
        announced: isBack ? [] : waiting,
        lostSince: !isMass && isWhole ? 0 : lostSince,
        withheldForMs: null,
        isFirst: false,
      };
    }
    const isFirst = lostSince === 0 || lostSince > this.#startedAt;
    return {
      // Of a tag that the ledger does not know it makes no change.
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
