import type { Frame } from './frame.ts';

/** Which changes a catch-up delivers. */
export interface Wishes {
  /** The subscriber wants it, and has not had it yet. */
  wants(frame: Frame): boolean;
  /** Whether it wants `frame` in place of `earlier`, a change of the same tag that it wants. */
  wantsInstead(earlier: Frame, frame: Frame): boolean;
}

/**
 * The frames of one page that a catch-up delivers: those that are wanted; with conflation the newest of each tag. The
 * newest need not be wanted by itself: it hides no move if it comes instead of a wanted one.
 */
export class Chosen {
  readonly #wishes: Wishes;
  readonly #conflates: boolean;
  /** The newest wanted frame of each subject, and the newest that may come instead. */
  readonly #latest = new Map<string, { readonly wanted: Frame; readonly newest: Frame }>();

  constructor(wishes: Wishes, conflates: boolean) {
    this.#wishes = wishes;
    this.#conflates = conflates;
  }

  /** Takes the frames in order. Whether it may be delivered: a later one may still replace it. */
  readonly take = (frame: Frame): boolean => {
    if (this.#wishes.wants(frame)) {
      if (this.#conflates) this.#latest.set(frame.subject, { wanted: frame, newest: frame });
      return true;
    }
    const latest = this.#conflates ? this.#latest.get(frame.subject) : undefined;
    if (latest === undefined || !this.#wishes.wantsInstead(latest.wanted, frame)) return false;
    this.#latest.set(frame.subject, { wanted: latest.wanted, newest: frame });
    return true;
  };

  /** Whether a later frame of the page comes instead. */
  isReplaced(frame: Frame): boolean {
    return this.#conflates && this.#latest.get(frame.subject)?.newest !== frame;
  }

  /** Whether it is still wanted: a subscription may have ended since. */
  isStillWanted(frame: Frame): boolean {
    const { wants, wantsInstead } = this.#wishes;
    if (wants(frame)) return true;
    const latest = this.#latest.get(frame.subject);
    return latest !== undefined && wants(latest.wanted) && wantsInstead(latest.wanted, frame);
  }
}
