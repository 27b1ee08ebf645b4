import type { RepositoryName } from '../../../event/reference.ts';
import { boundedLimit } from '../../options.ts';
import type { TagNamesPage, TagNamesQuery, TagPlace } from '../../queries.ts';
import type { SqliteNames } from '../names.ts';
import type { Db } from '../tables.ts';
import { Budget } from './budget.ts';
import { afterAll, beforeAll, stretchesFrom } from './stretches.ts';

interface StoredName {
  readonly name: string;
  readonly present: number;
}

/** Pages of the names of tags, of repositories that are given by their names. */
export class TagNames {
  readonly #names: SqliteNames;
  readonly #maxLooked: number;
  readonly #sql;

  constructor(db: Db, names: SqliteNames, maxLooked: number) {
    this.#names = names;
    this.#maxLooked = maxLooked;
    // Tombstones too, so that all rows that are looked at are counted.
    this.#sql = db.prepare<[number, string, number], StoredName>(
      'SELECT name, present FROM tag WHERE repository_id = ? AND name > ? ORDER BY name LIMIT ?',
    );
  }

  page({ repositories: keys, after, limit }: TagNamesQuery): TagNamesPage {
    const budget = new Budget(this.#maxLooked);
    const repositories: (RepositoryName & { readonly tags: string[] })[] = [];
    let room = boundedLimit(limit);
    let place: TagPlace | null = after ?? null;
    const endHere = () => ({ repositories, next: place, looked: budget.looked });
    for (const { from } of stretchesFrom({ repositories: keys }, 'asc', after)) {
      if (budget.left === 0) return endHere();
      const tags: string[] = [];
      let behind = isOf(from, after) ? after.tag : beforeAll;
      for (let isWhole = false; !isWhole; ) {
        // One more than there is room for tells whether the page is the last.
        const count = Math.min(room + 1, budget.left);
        if (count === 0) return endHere();
        const rows = this.#rowsOf(from, behind, count);
        budget.left -= Math.max(rows.length, 1);
        for (const { name, present } of rows) {
          if (present === 1) {
            if (room === 0) return endHere();
            room -= 1;
            if (tags.push(name) === 1) repositories.push({ ...from, tags });
          }
          behind = name;
          place = { ...from, tag: name, updatedAt: 0 };
        }
        isWhole = rows.length < count;
      }
      place = { ...from, tag: afterAll, updatedAt: 0 };
    }
    return { repositories, next: null, looked: budget.looked };
  }

  #rowsOf({ registry, repository }: RepositoryName, behind: string, count: number): readonly StoredName[] {
    const id = this.#names.findRepository(registry, repository);
    return id === undefined ? [] : this.#sql.all(id, behind, count);
  }
}

function isOf(name: RepositoryName, place: TagPlace | undefined): place is TagPlace {
  return place?.registry === name.registry && place.repository === name.repository;
}
