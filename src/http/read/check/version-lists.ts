/** Remembers the versions among the tags of repositories, as long as the ledger says that they are still the same. */
import type { VersionList } from '../../../event/version-list.ts';
import { hasSameTags, type ListMoment } from '../../../ledger/queries.ts';

/** Tags remembered, of all repositories: some 15 MB, if their names are as long as usual. */
export const maxTagsKept = 200_000;
/** What a repository costs besides its tags, in tags. */
const perRepository = 10;

interface Kept {
  /** Before the first of them was read. */
  readonly moment: ListMoment;
  readonly lists: readonly VersionList[];
  readonly size: number;
}

export class VersionLists {
  readonly #max: number;
  /** By repository, the one that was used longest ago first. */
  readonly #kept = new Map<string, Kept>();
  #size = 0;

  /** @param max tags, each repository counting as ten more */
  constructor(max = maxTagsKept) {
    this.#max = max;
  }

  /** Tags that are remembered, each repository counting as ten more. */
  get size(): number {
    return this.#size;
  }

  /** The versions of the repository, `registry/repository`; null: not known, or they may have changed. */
  get(key: string, now: ListMoment): readonly VersionList[] | null {
    const kept = this.#kept.get(key);
    if (kept === undefined) return null;
    this.#drop(key, kept);
    if (!hasSameTags(kept.moment, now)) return null;
    this.#put(key, kept);
    return kept.lists;
  }

  /** @param moment before the first of them was read */
  keep(key: string, moment: ListMoment, lists: readonly VersionList[]): void {
    const before = this.#kept.get(key);
    if (before !== undefined) this.#drop(key, before);
    const size = lists.reduce((sum, { length }) => sum + length, perRepository);
    if (size > this.#max) return;
    this.#put(key, { moment, lists, size });
    for (const [oldest, kept] of this.#kept) {
      if (this.#size <= this.#max) return;
      this.#drop(oldest, kept);
    }
  }

  #put(key: string, kept: Kept): void {
    this.#kept.set(key, kept);
    this.#size += kept.size;
  }

  #drop(key: string, { size }: Kept): void {
    this.#kept.delete(key);
    this.#size -= size;
  }
}
