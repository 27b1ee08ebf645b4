import { repositoryKey } from '../../../event/reference.ts';
import type { TagState } from '../../ledger.ts';
import { boundedLimit } from '../../options.ts';
import { isWithin, type TagListPage, type TagPlace, type TagsAtQuery } from '../../queries.ts';
import { encodeDigest } from '../codec.ts';
import { type StoredTag, tagStateOf } from '../index-rows.ts';
import type { SqliteNames } from '../names.ts';
import type { Db } from '../tables.ts';
import { Budget } from './budget.ts';
import { RepositoryWalk, type StoredRepository } from './repository-walk.ts';
import { afterAll, beforeAll, compareRepositories } from './stretches.ts';

/** Pages of the tags at a digest, in the order of their names: repository after repository. */
export class DigestPages {
  readonly #names: SqliteNames;
  readonly #walk: RepositoryWalk;
  readonly #maxLooked: number;
  readonly #sql;

  constructor(db: Db, names: SqliteNames, maxLooked: number) {
    this.#names = names;
    this.#walk = new RepositoryWalk(db);
    this.#maxLooked = maxLooked;
    this.#sql = {
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

  page({ digest, within, after, limit }: TagsAtQuery): TagListPage {
    const budget = new Budget(this.#maxLooked);
    const bytes = encodeDigest(digest);
    const isFew = within !== undefined && 'repositories' in within;
    const holders = isFew ? null : this.#holders(bytes, within, budget);
    const repositories =
      holders?.filter((row) => after === undefined || compareRepositories(row, after) >= 0) ??
      this.#walk.rows({ within, at: after });
    return this.#collect(repositories, bytes, { after: after ?? null, limit }, budget);
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
    digest: Buffer,
    { after, limit }: { readonly after: TagPlace | null; readonly limit: number },
    budget: Budget,
  ): TagListPage {
    const max = boundedLimit(limit);
    const tags: TagState[] = [];
    let place = after;
    const endHere = () => ({ tags, next: place, looked: budget.looked });
    for (const { id, registry, repository } of repositories) {
      if (budget.left === 0) return endHere();
      budget.left -= 1;
      const isAfter = after?.registry === registry && after.repository === repository;
      place = { registry, repository, tag: isAfter ? after.tag : beforeAll, updatedAt: 0 };
      // One more than wanted tells whether the page is the last.
      const count = Math.min(max - tags.length + 1, budget.left);
      const rows = this.#sql.atDigest.all(digest, id, place.tag, count);
      budget.left -= rows.length;
      for (const row of rows) {
        if (tags.length === max) return endHere();
        tags.push(tagStateOf(row, this.#names));
        place = { registry, repository, tag: row.name, updatedAt: row.updated_at };
      }
      if (rows.length === count) return endHere();
      place = { registry, repository, tag: afterAll, updatedAt: 0 };
    }
    return { tags, next: null, looked: budget.looked };
  }
}
