import type { Db } from './tables.ts';

/**
 * Rows of `tag` that a repository may have before it counts as crowded, and its tags get entries in `tag_moved_in`.
 * It never stops being crowded.
 */
export const maxUncrowded = 500;

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
  readonly #sql;

  constructor(db: Db) {
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
    const growth = this.#growth.get(repositoryId);
    if (growth === undefined) {
      this.#growth.set(repositoryId, { tags, names });
      return;
    }
    growth.tags += tags;
    growth.names += names;
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
