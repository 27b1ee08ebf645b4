import { repositoryKey } from '../../../event/reference.ts';
import type { TagState } from '../../ledger.ts';
import { RecordDamaged } from '../../loss.ts';
import { boundedLimit } from '../../options.ts';
import { isWithin, type TagListPage, type TagListQuery, type TagPlace, type Within } from '../../queries.ts';
import { type StoredTag, tagStateOf } from '../index-rows.ts';
import type { SqliteNames } from '../names.ts';
import type { Db } from '../tables.ts';
import { Budget } from './budget.ts';
import { compareKeys, isBefore, type MoveKey, merge } from './merge.ts';
import { RepositoryWalk, type StoredRepository } from './repository-walk.ts';
import { afterAll, beforeAll, type Order } from './stretches.ts';

/** Before the first tag in this order. */
const starts: Readonly<Record<Order, MoveKey>> = {
  asc: { updated_at: -1, repository_id: -1, name: beforeAll },
  desc: { updated_at: Number.MAX_SAFE_INTEGER, repository_id: Number.MAX_SAFE_INTEGER, name: afterAll },
};

/**
 * Pages of tags in the order of their last moves. Equal times are in the order of repository numbers, then of names.
 * Few repositories are merged: crowded ones each from its own index, the others read whole and sorted. Many are
 * filtered from the index of all.
 */
export class MovedPages {
  readonly #names: SqliteNames;
  readonly #walk: RepositoryWalk;
  readonly #maxLooked: number;
  readonly #sql;

  constructor(db: Db, names: SqliteNames, maxLooked: number) {
    this.#names = names;
    this.#walk = new RepositoryWalk(db);
    this.#maxLooked = maxLooked;
    const ofAll = (order: Order, is: '<' | '>') =>
      db.prepare<[number, number, string], MoveKey>(
        `SELECT updated_at, repository_id, name FROM tag INDEXED BY tag_moved
           WHERE present = 1 AND (updated_at, repository_id, name) ${is} (?, ?, ?)
           ORDER BY updated_at ${order}, repository_id ${order}, name ${order}`,
      );
    const ofOne = (order: Order, is: '<' | '>') =>
      db.prepare<[number, number, string, number], MoveKey>(
        `SELECT updated_at, repository_id, name FROM tag INDEXED BY tag_moved_in
           WHERE crowded = 1 AND present = 1 AND repository_id = ? AND (updated_at, name) ${is} (?, ?)
           ORDER BY updated_at ${order}, name ${order} LIMIT ?`,
      );
    this.#sql = {
      ofAll: { asc: ofAll('asc', '>'), desc: ofAll('desc', '<') },
      ofOne: { asc: ofOne('asc', '>'), desc: ofOne('desc', '<') },
      // Tombstones too, so that all rows that are looked at are counted.
      ofUncrowded: db.prepare<[number], MoveKey & { readonly present: number }>(
        'SELECT updated_at, repository_id, name, present FROM tag WHERE repository_id = ?',
      ),
      tag: db.prepare<[number, string], StoredTag>('SELECT * FROM tag WHERE repository_id = ? AND name = ?'),
    };
  }

  page({ within, order = 'asc', after, limit }: TagListQuery): TagListPage {
    const budget = new Budget(this.#maxLooked);
    const start = after === undefined ? starts[order] : this.#keyOf(after);
    const few = within === undefined ? null : this.#fewOf(within, budget);
    const page =
      few === null
        ? this.#ofAll(within, start, order, limit, budget)
        : this.#ofFew(few, start, order, limit, budget);
    return { ...page, looked: budget.looked };
  }

  /** The repositories that have tags; null: they, or the tags that must be sorted, are too many to be merged. */
  #fewOf(within: Within, budget: Budget): readonly StoredRepository[] | null {
    const most = Math.floor(budget.left / 4);
    if ('repositories' in within && within.repositories.length > most) return null;
    const few: StoredRepository[] = [];
    let sorted = 0;
    for (const repository of this.#walk.rows({ within })) {
      budget.left -= 1;
      if (repository.tags > 0) few.push(repository);
      if (repository.tags > 0 && repository.crowded === 0) sorted += repository.names;
      if (budget.looked > most || sorted > 2 * most) return null;
    }
    return few;
  }

  #ofFew(few: readonly StoredRepository[], start: MoveKey, order: Order, limit: number, budget: Budget) {
    const rowsOf = (id: number, { updated_at, repository_id, name }: MoveKey, count: number) => {
      // At the time of the place, the tags of another repository lie all before it or all after it.
      const from = id === repository_id ? name : id < repository_id ? afterAll : beforeAll;
      return this.#sql.ofOne[order].all(id, updated_at, from, count);
    };
    const sorted = this.#sorted(few, start, order, budget);
    const ids = few.filter(({ crowded }) => crowded === 1).map(({ id }) => id);
    const { keys, isWhole } = merge({
      ids,
      sorted,
      start,
      order,
      limit: boundedLimit(limit),
      rowsOf,
      budget,
    });
    const last = keys.at(-1);
    const next = isWhole || last === undefined ? null : this.#placeOf(last);
    return { tags: keys.map((key) => this.#stateOf(key)), next };
  }

  /** The keys after `start` of those that are not crowded. */
  #sorted(
    few: readonly StoredRepository[],
    start: MoveKey,
    order: Order,
    budget: Budget,
  ): readonly MoveKey[] {
    const keys: MoveKey[] = [];
    for (const { id } of few.filter(({ crowded }) => crowded === 0)) {
      const rows = this.#sql.ofUncrowded.all(id);
      budget.left -= rows.length;
      for (const row of rows) if (row.present === 1 && isBefore(start, row, order)) keys.push(row);
    }
    keys.sort(compareKeys);
    return order === 'asc' ? keys : keys.reverse();
  }

  #ofAll(within: Within | undefined, start: MoveKey, order: Order, limit: number, budget: Budget) {
    const max = boundedLimit(limit);
    const isWanted = filterOf(within);
    const tags: TagState[] = [];
    let last = start;
    for (const key of this.#sql.ofAll[order].iterate(start.updated_at, start.repository_id, start.name)) {
      if (budget.left === 0) return { tags, next: this.#placeOf(last) };
      budget.left -= 1;
      if (isWanted(repositoryKey(this.#names.repository(key.repository_id)))) {
        if (tags.length === max) return { tags, next: this.#placeOf(last) };
        tags.push(this.#stateOf(key));
      }
      last = key;
    }
    return { tags, next: null };
  }

  #stateOf({ repository_id, name }: MoveKey): TagState {
    const row = this.#sql.tag.get(repository_id, name);
    if (row === undefined) throw new RecordDamaged(`tag "${name}" of repository ${repository_id}`);
    return tagStateOf(row, this.#names);
  }

  #placeOf({ updated_at, repository_id, name }: MoveKey): TagPlace {
    return { ...this.#names.repository(repository_id), tag: name, updatedAt: updated_at };
  }

  /** A repository that the ledger never knew has no number, and comes before the others. */
  #keyOf({ registry, repository, tag, updatedAt }: TagPlace): MoveKey {
    const id = this.#names.findRepository(registry, repository) ?? -1;
    return { updated_at: updatedAt, repository_id: id, name: tag };
  }
}

function filterOf(within: Within | undefined): (key: string) => boolean {
  if (within === undefined) return () => true;
  if ('repositories' in within) {
    const wanted = new Set(within.repositories);
    return (key) => wanted.has(key);
  }
  return (key) => isWithin(key, within);
}
