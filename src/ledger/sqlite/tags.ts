import { type RepositoryName, repositoryOfKey } from '../../event/reference.ts';
import type { TagPage, TagQuery } from '../ledger.ts';
import { boundedLimit } from '../options.ts';
import { compareTags, formatTagCursor, parseTagCursor, type TagCursor } from '../tag-cursor.ts';
import { type StoredTag, tagStateOf } from './index-rows.ts';
import type { SqliteNames } from './names.ts';
import type { Db } from './tables.ts';

/** Reads the present tags in pages, ordered by registry, repository and tag. */
export class SqliteTags {
  readonly #names: SqliteNames;
  readonly #sql;

  constructor(db: Db, names: SqliteNames) {
    this.#names = names;
    this.#sql = {
      inRepository: db.prepare<[number, string, number], StoredTag>(
        'SELECT * FROM tag WHERE repository_id = ? AND name > ? AND present = 1 ORDER BY name LIMIT ?',
      ),
      // CROSS JOIN fixes the planner's order of loops, so that rows come sorted and LIMIT stops it.
      afterRepository: db.prepare<[string, string, number], StoredTag>(
        `SELECT tag.* FROM repository CROSS JOIN tag ON tag.repository_id = repository.id
           WHERE (repository.registry, repository.name) > (?, ?) AND tag.present = 1
           ORDER BY repository.registry, repository.name, tag.name LIMIT ?`,
      ),
    };
  }

  page(query: TagQuery): TagPage {
    const after = query.cursor === undefined ? null : parseTagCursor(query.cursor);
    const limit = boundedLimit(query.limit);
    // One extra row tells whether another page follows.
    const rows =
      query.repositories === undefined
        ? this.#ofAll(after, limit + 1)
        : this.#ofSome(query.repositories, after, limit + 1);
    const tags = rows.slice(0, limit).map((row) => tagStateOf(row, this.#names));
    const last = tags.at(-1);
    return { tags, cursor: last === undefined || rows.length <= limit ? null : formatTagCursor(last) };
  }

  #ofAll(after: TagCursor | null, count: number): StoredTag[] {
    if (after === null) return this.#sql.afterRepository.all('', '', count);
    const rows = this.#inRepository(after, after.tag, count);
    if (rows.length === count) return rows;
    return [...rows, ...this.#sql.afterRepository.all(after.registry, after.repository, count - rows.length)];
  }

  #ofSome(repositories: readonly string[], after: TagCursor | null, count: number): StoredTag[] {
    const rows: StoredTag[] = [];
    const cursors = [...new Set(repositories)].map((key) => ({ ...repositoryOfKey(key), tag: '' }));
    for (const repository of cursors.sort(compareTags)) {
      if (rows.length === count) break;
      const isAt = after?.registry === repository.registry && after.repository === repository.repository;
      if (!isAt && after !== null && compareTags(repository, after) < 0) continue;
      rows.push(...this.#inRepository(repository, isAt ? after.tag : '', count - rows.length));
    }
    return rows;
  }

  #inRepository({ registry, repository }: RepositoryName, after: string, count: number): StoredTag[] {
    const id = this.#names.findRepository(registry, repository);
    return id === undefined ? [] : this.#sql.inRepository.all(id, after, count);
  }
}
