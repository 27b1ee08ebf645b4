/** The queries in memory: each sorts the rows of the repositories that it is asked for. The other implementations answer from an index. */
import type { Change } from '../../event/change.ts';
import type { Digest } from '../../event/digest.ts';
import { type RepositoryName, repositoryKey, repositoryOfKey } from '../../event/reference.ts';
import type { TagRow } from '../decision.ts';
import type { Bounds, TagState } from '../ledger.ts';
import { type LedgerClock, stampAge } from '../ledger-clock.ts';
import { agesOf } from '../list-marks.ts';
import { boundedLimit } from '../options.ts';
import {
  assertBatch,
  type HistoryPage,
  type HistoryQuery,
  isWithin,
  type KnownDigest,
  type KnownTag,
  type ListState,
  type ListStates,
  type RepositoryListPage,
  type RepositoryListQuery,
  type RepositoryState,
  type TagListPage,
  type TagListQuery,
  type TagName,
  type TagNamesPage,
  type TagNamesQuery,
  type TagPlace,
  type TagsAtQuery,
} from '../queries.ts';
import { compareTags, compareText } from '../tag-order.ts';
import { stateAfter } from '../turns.ts';
import type { MemoryIndex } from './index-rows.ts';
import type { MemoryPending } from './pending.ts';

export interface MemoryLog {
  readonly clock: LedgerClock;
  readonly bounds: Bounds;
  /** From sequence `floor + 1`. */
  readonly changes: readonly Change[];
}

interface MemoryQueriesOptions {
  readonly index: MemoryIndex;
  readonly pending: Pick<MemoryPending, 'newestTurn'>;
  readonly log: () => MemoryLog;
  readonly maxLooked: number;
}

export class MemoryQueries {
  readonly #index: MemoryIndex;
  readonly #pending: MemoryQueriesOptions['pending'];
  readonly #log: () => MemoryLog;
  readonly #maxLooked: number;

  constructor({ index, pending, log, maxLooked }: MemoryQueriesOptions) {
    this.#index = index;
    this.#pending = pending;
    this.#log = log;
    this.#maxLooked = maxLooked;
  }

  listTags({ within, sort = 'name', order = 'asc', after, limit }: TagListQuery): TagListPage {
    const direction = order === 'asc' ? 1 : -1;
    const byTime = (a: TagPlace, b: TagPlace) => a.updatedAt - b.updatedAt || compareTags(a, b);
    const compare = sort === 'name' ? compareTags : byTime;
    const rows = this.#index
      .present(within)
      .filter((row) => after === undefined || direction * compare(row, after) > 0)
      .sort((a, b) => direction * compare(a, b));
    return this.#page(rows, limit);
  }

  tagNames({ repositories: keys, ...query }: TagNamesQuery): TagNamesPage {
    const { tags, ...page } = this.listTags({ within: { repositories: keys }, ...query });
    const repositories = [...Map.groupBy(tags, repositoryKey)].map(([key, rows]) => {
      return { ...repositoryOfKey(key), tags: rows.map(({ tag }) => tag) };
    });
    return { ...page, repositories };
  }

  tagsAt({ digest, within, after, limit }: TagsAtQuery): TagListPage {
    const rows = this.#index
      .present(within)
      .filter((row) => row.digest === digest && (after === undefined || compareTags(row, after) > 0));
    return this.#page(rows, limit);
  }

  #page(rows: readonly TagRow[], limit: number): TagListPage {
    const { found, looked, last } = take(rows, limit, this.#maxLooked, () => true);
    const next = last === null ? null : placeOf(last);
    return { tags: found.map(toState), next, looked };
  }

  states(names: readonly TagName[]): readonly (KnownTag | null)[] {
    assertBatch(names);
    const { clock } = this.#log();
    return names.map((name) => {
      const row = this.#index.tag(name.registry, name.repository, name.tag);
      if (row === undefined) return null;
      const { present, checkedAt = null } = row;
      const checkedAgeMs = checkedAt === null ? null : stampAge(clock, checkedAt);
      const turn = this.#pending.newestTurn(name);
      const waiting = turn === undefined ? {} : { waiting: stateAfter(turn, clock) };
      return { ...toState(row), present, checkedAgeMs, ...waiting };
    });
  }

  digests(
    { registry, repository }: RepositoryName,
    digests: readonly Digest[],
  ): readonly (KnownDigest | null)[] {
    assertBatch(digests);
    return digests.map((digest) => {
      const row = this.#index.manifest(registry, repository, digest);
      if (row === undefined) return null;
      const { present, mediaType = null, size = null } = row;
      return { present, mediaType, size };
    });
  }

  history({ of, types, before, limit }: HistoryQuery): HistoryPage {
    const { bounds, changes } = this.#log();
    const older = changes.filter(({ sequence }) => before === undefined || sequence < before).reverse();
    const { found, looked, last } = take(
      older.filter((change) => of === undefined || isOf(change, of)),
      limit,
      this.#maxLooked,
      ({ type }) => types === undefined || types.includes(type),
    );
    return { changes: found, next: last === null ? null : last.sequence, bounds, looked };
  }

  listRepositories({ within, after, limit }: RepositoryListQuery): RepositoryListPage {
    const rows = this.#index
      .repositories()
      .filter((row) => after === undefined || compareRepositories(row, after) > 0)
      .sort(compareRepositories);
    const { found, looked, last } = take(rows, limit, this.#maxLooked, (row) =>
      isWithin(repositoryKey(row), within),
    );
    const next = last === null ? null : { registry: last.registry, repository: last.repository };
    return { repositories: found.map((row) => this.#stateOf(row)), next, looked };
  }

  lists(of: readonly RepositoryName[]): ListStates {
    assertBatch(of);
    const { bounds } = this.#log();
    const lists = of.map(({ registry, repository }): ListState | null => {
      const { tags, lastChange, listed } = this.#stateOf({ registry, repository });
      if (tags === 0 && listed === null) return null;
      return { tags, moved: lastChange?.sequence ?? null, listed };
    });
    return { lists, bounds };
  }

  #stateOf({ registry, repository }: RepositoryName): RepositoryState {
    const { clock, changes } = this.#log();
    const marks = this.#index.listMarks(registry, repository);
    return {
      registry,
      repository,
      tags: this.#index.tagsOf(registry, repository).length,
      lastChange: changes.findLast((change) => isOf(change, { registry, repository })) ?? null,
      polled: marks !== undefined || this.#index.baselines(registry, repository).length > 0,
      listed: marks === undefined ? null : agesOf(marks, clock),
    };
  }
}

/** The next rows that match, of at most `maxLooked`. `last`: where the next page begins; null: there is none. */
function take<Row>(rows: readonly Row[], limit: number, maxLooked: number, matches: (row: Row) => boolean) {
  const found: Row[] = [];
  const max = boundedLimit(limit);
  let looked = 0;
  let last: Row | null = null;
  for (const row of rows) {
    if (found.length === max || looked === maxLooked) return { found, looked, last };
    looked += 1;
    last = row;
    if (matches(row)) found.push(row);
  }
  return { found, looked, last: null };
}

function isOf(change: Change, of: RepositoryName & { readonly tag?: string }): boolean {
  if (change.registry !== of.registry || change.repository !== of.repository) return false;
  return of.tag === undefined || change.tag === of.tag;
}

function compareRepositories(a: RepositoryName, b: RepositoryName): number {
  return compareText(a.registry, b.registry) || compareText(a.repository, b.repository);
}

function placeOf({ registry, repository, tag, updatedAt }: TagRow): TagPlace {
  return { registry, repository, tag, updatedAt };
}

/** A row without what only the decision needs. */
function toState(row: TagRow): TagState {
  const { registry, repository, tag, digest, mediaType, size, firstSeenAt, updatedAt, sequence } = row;
  return { registry, repository, tag, digest, mediaType, size, firstSeenAt, updatedAt, sequence };
}
