import type { Db } from './tables.ts';

/**
 * Rows of `tag` that a repository may have before it counts as crowded, and its tags get entries in `tag_moved_in`.
 * It never stops being crowded.
 */
export const maxUncrowded = 500;

/** Repositories of which it is remembered when their tags last came or went. */
const maxRemembered = 20_000;

interface Growth {
  tags: number;
  names: number;
}

/**
 * Counts the tags of each repository, in its row: present ones, and rows that were ever added. It collects what a
 * transaction adds, because a group often has many tags of one repository.
 */
export class TagCounts {
  readonly #growth = new Map<number, Growth>();
  /** When tags of a repository last came or went, in moves of any. */
  readonly #movedAt = new Map<number, number>();
  /** Of repositories that are not in the map: none of their tags came or went since. */
  #movedBefore = 0;
  #moves = 0;
  readonly #maxRemembered: number;
  readonly #sql;

  constructor(db: Db, max = maxRemembered) {
    this.#maxRemembered = max;
    this.#sql = {
      count: db.prepare<[number, number, number], { names: number; crowded: number }>(
        'UPDATE repository SET tags = tags + ?, names = names + ? WHERE id = ? RETURNING names, crowded',
      ),
      crowd: db.prepare<[number]>('UPDATE repository SET crowded = 1 WHERE id = ?'),
      crowdTags: db.prepare<[number]>('UPDATE tag SET crowded = 1 WHERE repository_id = ?'),
    };
  }

  /** @param tags, names by how many they grow */
  add(repositoryId: number, tags: number, names: number): void {
    if (tags !== 0) this.#move(repositoryId);
    const growth = this.#growth.get(repositoryId);
    if (growth === undefined) {
      this.#growth.set(repositoryId, { tags, names });
      return;
    }
    growth.tags += tags;
    growth.names += names;
  }

  /**
   * A number that rises when tags of the repository come or go. It is not stored: it counts from the opening of the file,
   * which has one owner, and also what is rolled back.
   */
  movedIn(repositoryId: number): number {
    return this.#movedAt.get(repositoryId) ?? this.#movedBefore;
  }

  #move(repositoryId: number): void {
    this.#moves += 1;
    if (this.#movedAt.size >= this.#maxRemembered && !this.#movedAt.has(repositoryId)) {
      this.#movedAt.clear();
      this.#movedBefore = this.#moves;
    }
    this.#movedAt.set(repositoryId, this.#moves);
  }

  /** Writes what was added. */
  write(): void {
    for (const [id, { tags, names }] of this.#growth) {
      const counted = this.#sql.count.get(tags, names, id);
      if (counted === undefined || counted.crowded === 1 || counted.names <= maxUncrowded) continue;
      this.#sql.crowd.run(id);
      this.#sql.crowdTags.run(id);
    }
    this.#growth.clear();
  }

  /** Drops what was added. */
  forget(): void {
    this.#growth.clear();
  }
}
