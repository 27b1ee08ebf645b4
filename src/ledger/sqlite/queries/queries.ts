/** The queries of the port (`ledger/queries.ts`) in SQLite, synchronous: each is one bounded read in the worker. */
import type { Digest } from '../../../event/digest.ts';
import type { RepositoryName } from '../../../event/reference.ts';
import type { Bounds } from '../../ledger.ts';
import { stampAge } from '../../ledger-clock.ts';
import { agesOf } from '../../list-marks.ts';
import { boundedLimit } from '../../options.ts';
import type {
  HistoryPage,
  HistoryQuery,
  KnownDigest,
  KnownTag,
  ListState,
  ListStates,
  RepositoryListPage,
  RepositoryListQuery,
  RepositoryState,
  TagListPage,
  TagListQuery,
  TagName,
  TagNamesPage,
  TagNamesQuery,
  TagsAtQuery,
} from '../../queries.ts';
import { stateAfter } from '../../turns.ts';
import type { SqliteClock } from '../clock.ts';
import type { SqliteIndex } from '../index-rows.ts';
import type { SqliteLog } from '../log.ts';
import type { SqliteNames } from '../names.ts';
import type { SqlitePending } from '../pending.ts';
import type { Db } from '../tables.ts';
import { Budget } from './budget.ts';
import { DigestPages } from './digest-pages.ts';
import { HistoryPages } from './history-pages.ts';
import { MovedPages } from './moved-pages.ts';
import type { NamePages } from './name-pages.ts';
import { RepositoryWalk, type StoredRepository } from './repository-walk.ts';
import { TagNames } from './tag-names.ts';

export interface QueriesOptions {
  readonly db: Db;
  readonly names: SqliteNames;
  readonly index: SqliteIndex;
  readonly log: SqliteLog;
  readonly pages: NamePages;
  readonly clock: SqliteClock;
  readonly pending: Pick<SqlitePending, 'newestTurn'>;
  readonly maxLooked: number;
  readonly bounds: () => Bounds;
  /** Runs one read. If it meets lost changes, it raises the floor over them and runs it again. */
  readonly reading: <T>(action: string, work: () => T) => T;
}

export class SqliteQueries {
  readonly #options: QueriesOptions;
  readonly #atDigest: DigestPages;
  readonly #tagNames: TagNames;
  readonly #moved: MovedPages;
  readonly #history: HistoryPages;
  readonly #walk: RepositoryWalk;

  constructor(options: QueriesOptions) {
    const { db, names, log, maxLooked } = options;
    this.#options = options;
    this.#atDigest = new DigestPages(db, names, maxLooked);
    this.#tagNames = new TagNames(db, names, maxLooked);
    this.#moved = new MovedPages(db, names, maxLooked);
    this.#history = new HistoryPages(db, names, log, maxLooked);
    this.#walk = new RepositoryWalk(db);
  }

  listTags(query: TagListQuery): TagListPage {
    return this.#options.reading('list tags', () =>
      query.sort === 'updated' ? this.#moved.page(query) : this.#options.pages.page(query),
    );
  }

  tagNames(query: TagNamesQuery): TagNamesPage {
    return this.#options.reading('list names of tags', () => this.#tagNames.page(query));
  }

  tagsAt(query: TagsAtQuery): TagListPage {
    return this.#options.reading('find tags by digest', () => this.#atDigest.page(query));
  }

  /**
   * @param now the wall clock, ms since the epoch
   * @param monotonic ms
   */
  states(names: readonly TagName[], now: number, monotonic: number): readonly (KnownTag | null)[] {
    const { clock, index, pending, reading } = this.#options;
    clock.tick(now, monotonic);
    return reading('read states of tags', () =>
      names.map((name) => {
        const row = index.tag(name.registry, name.repository, name.tag);
        if (row === undefined) return null;
        const {
          asOf: _asOf,
          lookedAt: _looked,
          saidAt: _said,
          saidBy: _by,
          checkedAt = null,
          ...state
        } = row;
        const checkedAgeMs = checkedAt === null ? null : stampAge(clock.value, checkedAt);
        const turn = pending.newestTurn(name);
        return {
          ...state,
          checkedAgeMs,
          ...(turn === undefined ? {} : { waiting: stateAfter(turn, clock.value) }),
        };
      }),
    );
  }

  digests(of: RepositoryName, digests: readonly Digest[]): readonly (KnownDigest | null)[] {
    const { index, reading } = this.#options;
    return reading('read digests', () =>
      digests.map((digest) => {
        const row = index.manifest(of.registry, of.repository, digest);
        if (row === undefined) return null;
        const { present, mediaType = null, size = null } = row;
        return { present, mediaType, size };
      }),
    );
  }

  history(query: HistoryQuery): HistoryPage {
    const { bounds, reading } = this.#options;
    return reading('read history', () => this.#history.page(query, bounds()));
  }

  /** @param now, monotonic as for `states` */
  listRepositories(
    { within, after, limit }: RepositoryListQuery,
    now: number,
    monotonic: number,
  ): RepositoryListPage {
    const { clock, maxLooked, reading } = this.#options;
    clock.tick(now, monotonic);
    return reading('list repositories', () => {
      const budget = new Budget(maxLooked);
      const max = boundedLimit(limit);
      const repositories: RepositoryState[] = [];
      let next: RepositoryName | null = after ?? null;
      for (const row of this.#walk.rows({ within, after })) {
        const isShown = row.tags > 0 || row.whole_at !== null;
        if (budget.left === 0 || (isShown && repositories.length === max))
          return { repositories, next, looked: budget.looked };
        budget.left -= 1;
        if (isShown) repositories.push(this.#stateOf(row));
        next = { registry: row.registry, repository: row.repository };
      }
      return { repositories, next: null, looked: budget.looked };
    });
  }

  /** @param now, monotonic as for `states` */
  lists(of: readonly RepositoryName[], now: number, monotonic: number): ListStates {
    const { bounds, clock, index, reading } = this.#options;
    clock.tick(now, monotonic);
    return reading('read the states of lists', () => {
      const lists = of.map((name): ListState | null => {
        const { id, tags, ...marks } = this.#walk.one(name);
        const listed = this.#agesOf(marks);
        if (tags === 0 && listed === null) return null;
        return { tags, moved: index.counts.movedIn(id), listed };
      });
      return { lists, bounds: bounds() };
    });
  }

  #agesOf({ whole_at: wholeAt, read_at: readAt }: Pick<StoredRepository, 'whole_at' | 'read_at'>) {
    return wholeAt === null || readAt === null
      ? null
      : agesOf({ wholeAt, readAt }, this.#options.clock.value);
  }

  #stateOf({ id, registry, repository, tags, ...marks }: StoredRepository) {
    const { bounds, index } = this.#options;
    const listed = this.#agesOf(marks);
    const polled = listed !== null || index.baselines(registry, repository).length > 0;
    const lastChange = this.#history.newest(id, bounds());
    return { registry, repository, tags, lastChange, polled, listed };
  }
}
