/** Repositories in byte order of registry and name, within what a query asks for. */
import type { RepositoryName } from '../../../event/reference.ts';
import type { Within } from '../../queries.ts';
import type { Db } from '../tables.ts';
import { justAfter, type Order, stretchesFrom } from './stretches.ts';

/** A row of `repository`. */
export interface StoredRepository extends RepositoryName {
  readonly id: number;
  /** Present tags. */
  readonly tags: number;
  /** Rows of `tag` that were ever added. */
  readonly names: number;
  /** 1: its tags have entries in `tag_moved_in`. */
  readonly crowded: number;
  readonly whole_at: number | null;
  readonly read_at: number | null;
}

export interface WalkFrom {
  readonly within?: Within | undefined;
  /** Default `asc`. */
  readonly order?: Order | undefined;
  /** Begins here, this repository included. */
  readonly at?: RepositoryName | undefined;
  /** Begins right after this repository; `asc` only. */
  readonly after?: RepositoryName | undefined;
}

export class RepositoryWalk {
  readonly #sql;

  constructor(db: Db) {
    type Bounds = [string, string, string, string];
    const rows = (order: Order) =>
      db.prepare<Bounds, StoredRepository>(
        `SELECT id, registry, name AS repository, tags, names, crowded, whole_at, read_at FROM repository
           WHERE (registry, name) >= (?, ?) AND (registry, name) < (?, ?)
           ORDER BY registry ${order}, name ${order}`,
      );
    const one = db.prepare<[string, string], StoredRepository>(
      `SELECT id, registry, name AS repository, tags, names, crowded, whole_at, read_at FROM repository
         WHERE registry = ? AND name = ?`,
    );
    this.#sql = { asc: rows('asc'), desc: rows('desc'), one };
  }

  /** The repository of this name; one that is not known has no tags. */
  one({ registry, repository }: RepositoryName): StoredRepository {
    return this.#sql.one.get(registry, repository) ?? { ...unknown, registry, repository };
  }

  /**
   * Reads one row at a time: a caller that stops early has read no more. A repository that is asked for by its name and not
   * known comes too, without tags, so that callers count the look at it.
   */
  *rows({ within, order = 'asc', at, after }: WalkFrom): Generator<StoredRepository> {
    const start = after === undefined ? at : justAfter(after);
    for (const { from, to, isPoint } of stretchesFrom(within, order, start)) {
      if (isPoint) yield this.one(from);
      else yield* this.#sql[order].iterate(from.registry, from.repository, to.registry, to.repository);
    }
  }
}

const unknown = { id: -1, tags: 0, names: 0, crowded: 0, whole_at: null, read_at: null };
