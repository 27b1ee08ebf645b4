/** Reads the tags of one repository, page by page. */
import { type RepositoryName, repositoryKey } from '../../event/reference.ts';
import type { TagState } from '../../ledger/ledger.ts';
import type { LedgerQueries, TagListQuery, TagPlace } from '../../ledger/queries.ts';
import { maxStep, type Reading } from '../../reading/reading.ts';

export interface TagRowsQuery extends Required<Pick<TagListQuery, 'sort' | 'order'>> {
  readonly repository: RepositoryName;
  /** Exclusive; null: from the beginning. Of a list by name, only its tag counts. */
  readonly after: Place | null;
  /** Default: all tags. */
  readonly isWanted?: (tag: string) => boolean;
  readonly n: number;
}

/** Where a page ends, within one repository. */
export type Place = Pick<TagPlace, 'tag' | 'updatedAt'>;

export interface TagRows {
  /** At most `n`; fewer only at the end, or if the request has read enough. */
  readonly rows: readonly TagState[];
  /** Null: there are no more. */
  readonly next: Place | null;
}

/** Before and after all tags, in byte order. */
const firstTag = '';
const lastTag = '\u007f';

/** The next `n` wanted tags. One more is read than wanted, so that a last page is known to be the last. */
export async function readTagRows(
  ledger: Pick<LedgerQueries, 'listTags'>,
  reading: Reading,
  query: TagRowsQuery,
): Promise<TagRows> {
  const { repository, sort, order, n, isWanted } = query;
  const within = { repositories: [repositoryKey(repository)] };
  const rows: TagState[] = [];
  if (n === 0) return { rows, next: null };
  for (let after = startOf(query); ; ) {
    const limit = isWanted === undefined ? Math.min(n + 1 - rows.length, maxStep) : maxStep;
    const asked = { within, sort, order, limit, ...(after === null ? {} : { after }) };
    const page = await reading.step(() => ledger.listTags(asked));
    for (const row of page.tags) {
      if (isWanted?.(row.tag) === false) continue;
      if (rows.length === n) return { rows, next: placeOf(rows.at(-1)) };
      rows.push(row);
    }
    if (page.next === null || (sort === 'name' && !isOf(page.next, repository))) return { rows, next: null };
    after = page.next;
    if (!reading.hasRoom) return { rows, next: placeIn(repository, after) };
  }
}

function placeOf(row: TagState | undefined): Place | null {
  return row === undefined ? null : { tag: row.tag, updatedAt: row.updatedAt };
}

/** By name, rows of repositories before this one need not be looked at. */
function startOf({ repository, sort, order, after }: TagRowsQuery): TagPlace | null {
  if (after !== null) return { ...repository, ...after };
  if (sort !== 'name') return null;
  return { ...repository, tag: order === 'asc' ? firstTag : lastTag, updatedAt: 0 };
}

function isOf(place: RepositoryName, { registry, repository }: RepositoryName): boolean {
  return place.registry === registry && place.repository === repository;
}

/** The same place among the tags of this repository: a client must not learn of another. */
function placeIn(repository: RepositoryName, place: TagPlace): Place {
  const { tag, updatedAt } = place;
  if (isOf(place, repository)) return { tag, updatedAt };
  const isBefore =
    place.registry === repository.registry
      ? place.repository < repository.repository
      : place.registry < repository.registry;
  return { tag: isBefore ? firstTag : lastTag, updatedAt };
}
