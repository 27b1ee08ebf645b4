import { repositoryKey } from '../../../event/reference.ts';
import type { TagState } from '../../ledger.ts';
import { boundedLimit } from '../../options.ts';
import {
  isWithin,
  type TagListPage,
  type TagListQuery,
  type TagPlace,
  type TagsAtQuery,
} from '../../queries.ts';
import { encodeDigest } from '../codec.ts';
import { type StoredTag, tagStateOf } from '../index-rows.ts';
import type { SqliteNames } from '../names.ts';
import type { Db } from '../tables.ts';
import { Budget } from './budget.ts';
import {
  afterAll,
  beforeAll,
  compareRepositories,
  type Order,
  RepositoryWalk,
  type StoredRepository,
} from './repository-walk.ts';

/** The next rows of a repository in the order of their names, tombstones too. */
type RowsOf = (repositoryId: number, after: string, count: number) => readonly StoredTag[];

interface Collect {
  readonly after: TagPlace | undefined;
  readonly order: Order;
  readonly limit: number;
}

/** Pages of tags in the order of their names: repository after repository. */
export class TagPages {
  readonly #names: SqliteNames;
  readonly #walk: RepositoryWalk;
  readonly #maxLooked: number;
  readonly #sql;

  constructor(db: Db, names: SqliteNames, maxLooked: number) {
    this.#names = names;
    this.#walk = new RepositoryWalk(db);
    this.#maxLooked = maxLooked;
    this.#sql = {
      asc: db.prepare<[number, string, number], StoredTag>(
        'SELECT * FROM tag WHERE repository_id = ? AND name > ? ORDER BY name LIMIT ?',
      ),
      desc: db.prepare<[number, string, number], StoredTag>(
        'SELECT * FROM tag WHERE repository_id = ? AND name < ? ORDER BY name DESC LIMIT ?',
      ),
      atDigest: db.prepare<[Buffer, number, string, number], StoredTag>(
        `SELECT * FROM tag INDEXED BY tag_at_digest WHERE present = 1 AND digest = ? AND repository_id = ? AND name > ?
           ORDER BY name LIMIT ?`,
      ),
      nextHolder: db
        .prepare<[Buffer, number], number>(
          `SELECT repository_id FROM tag INDEXED BY tag_at_digest WHERE present = 1 AND digest = ? AND repository_id > ?
             ORDER BY repository_id LIMIT 1`,
        )
        .pluck(),
    };
  }

  byName({ within, order = 'asc', after, limit }: TagListQuery): TagListPage {
    const repositories = this.#walk.rows({ within, order, at: after });
    const rowsOf: RowsOf = (id, from, count) => this.#sql[order].all(id, from, count);
    return this.#collect(repositories, rowsOf, { after, order, limit }, new Budget(this.#maxLooked));
  }

  atDigest({ digest, within, after, limit }: TagsAtQuery): TagListPage {
    const budget = new Budget(this.#maxLooked);
    const bytes = encodeDigest(digest);
    const isFew = within !== undefined && 'repositories' in within;
    const holders = isFew ? null : this.#holders(bytes, within, budget);
    const repositories =
      holders?.filter((row) => after === undefined || compareRepositories(row, after) >= 0) ??
      this.#walk.rows({ within, at: after });
    const rowsOf: RowsOf = (id, from, count) => this.#sql.atDigest.all(bytes, id, from, count);
    return this.#collect(repositories, rowsOf, { after, order: 'asc', limit }, budget);
  }

  /**
   * The repositories that hold the digest, in byte order. Null if there are too many to find them all at once: then
   * a walk through the repositories meets one often enough.
   */
  #holders(digest: Buffer, within: TagsAtQuery['within'], budget: Budget) {
    const holders: Pick<StoredRepository, 'id' | 'registry' | 'repository'>[] = [];
    const least = Math.floor(budget.left / 2);
    for (let id = this.#sql.nextHolder.get(digest, -1); id !== undefined; ) {
      if (budget.left === least) return null;
      budget.left -= 1;
      const name = this.#names.repository(id);
      if (isWithin(repositoryKey(name), within)) holders.push({ id, ...name });
      id = this.#sql.nextHolder.get(digest, id);
    }
    return holders.sort(compareRepositories);
  }

  #collect(
    repositories: Iterable<Pick<StoredRepository, 'id' | 'registry' | 'repository'>>,
    rowsOf: RowsOf,
    { after, order, limit }: Collect,
    budget: Budget,
  ): TagListPage {
    const max = boundedLimit(limit);
    const tags: TagState[] = [];
    let place: TagPlace | null = after ?? null;
    const endHere = () => ({ tags, next: place, looked: budget.looked });
    const [first, last] = order === 'asc' ? [beforeAll, afterAll] : [afterAll, beforeAll];
    for (const { id, registry, repository } of repositories) {
      if (budget.left === 0) return endHere();
      budget.left -= 1;
      const isAfter = after?.registry === registry && after.repository === repository;
      place = { registry, repository, tag: isAfter ? after.tag : first, updatedAt: 0 };
      for (let isWhole = false; !isWhole; ) {
        // One more than wanted tells whether the page is the last.
        const count = Math.min(max - tags.length + 1, budget.left);
        if (count === 0) return endHere();
        const rows = rowsOf(id, place.tag, count);
        budget.left -= rows.length;
        for (const row of rows) {
          if (row.present === 1) {
            if (tags.length === max) return endHere();
            tags.push(tagStateOf(row, this.#names));
          }
          place = { registry, repository, tag: row.name, updatedAt: row.updated_at };
        }
        isWhole = rows.length < count;
      }
      place = { registry, repository, tag: last, updatedAt: 0 };
    }
    return { tags, next: null, looked: budget.looked };
  }
}
