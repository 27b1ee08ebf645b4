/** Repositories in byte order of registry and name, within what a query asks for. */
import { type RepositoryName, repositoryOfKey } from '../../../event/reference.ts';
import type { Within } from '../../queries.ts';
import { compareText } from '../../tag-cursor.ts';
import type { Db } from '../tables.ts';

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

export type Order = 'asc' | 'desc';

/** From `from` up to, not including, `to`. Neither need exist. */
interface Stretch {
  readonly from: RepositoryName;
  readonly to: RepositoryName;
  /** It holds `from` alone. */
  readonly isPoint: boolean;
}

/** Before and after every name: names are ASCII letters, digits, `.`, `_`, `-`, `/` and `:`. */
export const beforeAll = '';
export const afterAll = '~';

/** The place right after a name: before any longer one. */
function justAfter({ registry, repository }: RepositoryName): RepositoryName {
  return { registry, repository: `${repository} ` };
}

export function compareRepositories(a: RepositoryName, b: RepositoryName): number {
  return compareText(a.registry, b.registry) || compareText(a.repository, b.repository);
}

/** In byte order, and apart from each other. */
function stretchesOf(within: Within | undefined): readonly Stretch[] {
  if (within === undefined) return [stretch(beforeAll, beforeAll, afterAll, beforeAll)];
  if ('repositories' in within)
    return [...new Set(within.repositories)].map(repositoryOfKey).sort(compareRepositories).map(pointOf);
  const { below } = within;
  if (!below.includes('/')) return [stretch(below, beforeAll, below, afterAll)];
  const { registry, repository } = repositoryOfKey(below);
  // `0` follows `/`; `a-b` lies between `a` and `a/`.
  const inside = stretch(registry, `${repository}/`, registry, `${repository}0`);
  return [pointOf({ registry, repository }), inside];
}

function stretch(registry: string, from: string, toRegistry: string, to: string): Stretch {
  return {
    from: { registry, repository: from },
    to: { registry: toRegistry, repository: to },
    isPoint: false,
  };
}

function pointOf(name: RepositoryName): Stretch {
  return { from: name, to: justAfter(name), isPoint: true };
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

  /**
   * Reads one row at a time: a caller that stops early has read no more. A repository that is asked for by its name and not
   * known comes too, without tags, so that callers count the look at it.
   */
  *rows({ within, order = 'asc', at, after }: WalkFrom): Generator<StoredRepository> {
    const stretches = stretchesOf(within);
    const start = after === undefined ? at : justAfter(after);
    for (const each of order === 'asc' ? stretches : stretches.toReversed()) {
      const { from, to, isPoint } = clip(each, order, start);
      if (compareRepositories(from, to) >= 0) continue;
      if (isPoint) yield this.#sql.one.get(from.registry, from.repository) ?? { ...unknown, ...from };
      else yield* this.#sql[order].iterate(from.registry, from.repository, to.registry, to.repository);
    }
  }
}

const unknown = { id: -1, tags: 0, names: 0, crowded: 0, whole_at: null, read_at: null };

/** The rest of a stretch that begins at `start`. A point is there or not; its name stays. */
function clip(of: Stretch, order: Order, start: RepositoryName | undefined): Stretch {
  if (start === undefined) return of;
  if (order === 'asc') return compareRepositories(of.from, start) < 0 ? { ...of, from: start } : of;
  const to = justAfter(start);
  return compareRepositories(of.to, to) > 0 ? { ...of, to } : of;
}
