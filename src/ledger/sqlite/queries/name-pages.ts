import type { RepositoryName } from '../../../event/reference.ts';
import type { TagState } from '../../ledger.ts';
import { boundedLimit } from '../../options.ts';
import type { TagListPage, TagListQuery, TagPlace } from '../../queries.ts';
import { type StoredTag, tagStateOf } from '../index-rows.ts';
import type { SqliteNames } from '../names.ts';
import type { Db } from '../tables.ts';
import { Budget } from './budget.ts';
import {
  afterAll,
  beforeAll,
  beyond,
  isInStretch,
  type Order,
  type Stretch,
  stretchesFrom,
} from './stretches.ts';

/** A repository without tags. */
interface NoTag {
  readonly name: null;
  readonly of: number;
}

/** What is still to be read: the tags of one repository behind a name, or all those of a stretch of repositories. */
type Part = { readonly of: RepositoryName; readonly behind: string } | { readonly stretch: Stretch };

/** Pages of tags in the order of their names: repository after repository. */
export class NamePages {
  readonly #names: SqliteNames;
  readonly #maxLooked: number;
  readonly #sql;

  constructor(db: Db, names: SqliteNames, maxLooked: number) {
    this.#names = names;
    this.#maxLooked = maxLooked;
    const ofOne = (order: Order, is: '<' | '>') =>
      db.prepare<[number, string, number], StoredTag>(
        `SELECT * FROM tag WHERE repository_id = ? AND name ${is} ? ORDER BY name ${order} LIMIT ?`,
      );
    // Repositories without tags too, so that all rows that are looked at are counted.
    const ofStretch = (order: Order) =>
      db.prepare<[string, string, string, string, number], StoredTag | NoTag>(
        `SELECT tag.*, repository.id AS "of" FROM repository LEFT JOIN tag ON tag.repository_id = repository.id
           WHERE (repository.registry, repository.name) >= (?, ?) AND (repository.registry, repository.name) < (?, ?)
           ORDER BY repository.registry ${order}, repository.name ${order}, tag.name ${order} LIMIT ?`,
      );
    this.#sql = {
      ofOne: { asc: ofOne('asc', '>'), desc: ofOne('desc', '<') },
      ofStretch: { asc: ofStretch('asc'), desc: ofStretch('desc') },
    };
  }

  page({ within, order = 'asc', after, limit }: TagListQuery): TagListPage {
    const budget = new Budget(this.#maxLooked);
    const max = boundedLimit(limit);
    const tags: TagState[] = [];
    let last: StoredTag | NoTag | TagPlace | null = after ?? null;
    const endHere = () => ({ tags, next: this.#placeOf(last, order), looked: budget.looked });
    const stretches = stretchesFrom(within, order, after);
    const parts = stretches.flatMap((each) => partsOf(each, order, after)).reverse();
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      // One more than wanted tells whether the page is the last.
      const count = Math.min(max - tags.length + 1, budget.left);
      if (count === 0) return endHere();
      const rows = this.#rows(part, order, count);
      budget.left -= 'of' in part ? Math.max(rows.length, 1) : rows.length;
      for (const row of rows) {
        if (row.name !== null && row.present === 1) {
          if (tags.length === max) return endHere();
          tags.push(tagStateOf(row, this.#names));
        }
        last = row;
      }
      if (rows.length === count) parts.push(...restOf(part, order, this.#placeOf(last, order)).toReversed());
      else if ('of' in part) last = { ...part.of, tag: ends[order], updatedAt: 0 };
    }
    return { tags, next: null, looked: budget.looked };
  }

  /** The next rows of the part, tombstones too. */
  #rows(part: Part, order: Order, count: number): readonly (StoredTag | NoTag)[] {
    if ('stretch' in part) {
      const { from, to } = part.stretch;
      return this.#sql.ofStretch[order].all(
        from.registry,
        from.repository,
        to.registry,
        to.repository,
        count,
      );
    }
    const id = this.#names.findRepository(part.of.registry, part.of.repository);
    return id === undefined ? [] : this.#sql.ofOne[order].all(id, part.behind, count);
  }

  #placeOf(last: StoredTag | NoTag | TagPlace | null, order: Order): TagPlace | null {
    if (last === null || 'registry' in last) return last;
    if (last.name === null) return { ...this.#names.repository(last.of), tag: ends[order], updatedAt: 0 };
    return { ...this.#names.repository(last.repository_id), tag: last.name, updatedAt: last.updated_at };
  }
}

/** Before the first tag of a repository, and after the last. */
const starts: Readonly<Record<Order, string>> = { asc: beforeAll, desc: afterAll };
const ends: Readonly<Record<Order, string>> = { asc: afterAll, desc: beforeAll };

function partsOf(stretch: Stretch, order: Order, after: TagPlace | null | undefined): readonly Part[] {
  const isAt = after !== undefined && after !== null && isInStretch(stretch, after);
  if (!isAt) return [stretch.isPoint ? { of: stretch.from, behind: starts[order] } : { stretch }];
  const { registry, repository, tag } = after;
  const rest = { of: { registry, repository }, behind: tag };
  return stretch.isPoint ? [rest] : [rest, { stretch: beyond(stretch, after, order) }];
}

function restOf(part: Part, order: Order, after: TagPlace | null): readonly Part[] {
  if ('stretch' in part) return partsOf(part.stretch, order, after);
  return [{ of: part.of, behind: after?.tag ?? part.behind }];
}
