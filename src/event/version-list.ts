import { compareCore, compareVersionKeys, type TagRange, type VersionKey, versionKey } from './semver-tag.ts';

/** A tag that was found, and what finding it cost. */
export interface FoundTag {
  /** Null: the range admits none. */
  readonly newest: VersionKey | null;
  /** Tags that were read. */
  readonly steps: number;
}

/**
 * Those of some tags that are versions. The first question reads them all; sorting costs four times as much, so only
 * the second one puts them in their order. From then on the newest in a range is found without reading them all.
 */
export class VersionList {
  /** Once sorted: oldest first. Names alone: as versions they would take four times the memory. */
  #tags: readonly string[];
  #state: 'new' | 'asked' | 'sorted' = 'new';

  /** @param tags at most 1,000, in any order: sorting a thousand holds the event loop for some 2 ms */
  constructor(tags: readonly string[]) {
    this.#tags = tags.filter((tag) => versionKey(tag).version !== null);
  }

  /** Tags kept. */
  get length(): number {
    return this.#tags.length;
  }

  /**
   * @param variant only tags of this variant, '' for none; null: of any
   * @param read versions by their place: who has many ranges hands the same array over for each, and drops it then
   */
  newest(range: TagRange, variant: string | null, read: VersionKey[] = []): FoundTag {
    if (this.#state === 'new') {
      this.#state = 'asked';
      return this.#newestOfAll(range, variant);
    }
    if (this.#state === 'asked') this.#sort();
    const { least } = range;
    let steps = 0;
    for (let at = this.#countUpTo(range.most) - 1; at >= 0; at -= 1) {
      const key = read[at] ?? versionKey(this.#tags[at] ?? '');
      read[at] = key;
      steps += 1;
      if (key.version === null || (least !== null && compareCore(key.version, least) < 0)) break;
      if ((variant === null || key.variant === variant) && range.admits(key.version))
        return { newest: key, steps };
    }
    return { newest: null, steps };
  }

  #newestOfAll(range: TagRange, variant: string | null): FoundTag {
    let newest: VersionKey | null = null;
    for (const tag of this.#tags) {
      const key = versionKey(tag);
      if (variant !== null && key.variant !== variant) continue;
      if ((newest === null || compareVersionKeys(key, newest) > 0) && range.matches(tag)) newest = key;
    }
    return { newest, steps: this.#tags.length };
  }

  #sort(): void {
    this.#state = 'sorted';
    const keys = this.#tags.map(versionKey).sort(compareVersionKeys);
    this.#tags = keys.map(({ tag }) => tag);
  }

  /** How many are at most this version: a search by halves. */
  #countUpTo(most: TagRange['most']): number {
    if (most === null) return this.#tags.length;
    let [low, high] = [0, this.#tags.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const { version } = versionKey(this.#tags[middle] ?? '');
      if (version === null || compareCore(version, most) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
