/** Lists present tags in the order of the ledger, or in one that only the whole list has. */
import { z } from 'zod';
import { invalidParameter } from '../../errors.ts';
import type { Digest } from '../../event/digest.ts';
import type { Filter } from '../../event/filter.ts';
import { isGlob } from '../../event/glob.ts';
import { repositoryKey, repositoryOfKey } from '../../event/reference.ts';
import { compareVersionKeys, type VersionKey, versionKey } from '../../event/semver-tag.ts';
import type { TagState } from '../../ledger/ledger.ts';
import type { LedgerQueries, TagListPage, TagName, TagPlace, Within } from '../../ledger/queries.ts';
import { collectPage, maxStep, type Reading, type RowPage } from '../../reading/reading.ts';
import { withinOf } from './within.ts';

export const tagSorts = ['name', 'updated', 'semver'] as const;
export type TagSort = (typeof tagSorts)[number];

/** A place as a cursor holds it. */
export const tagPlaceSchema: z.ZodType<TagPlace> = z.strictObject({
  registry: z.string().max(255),
  repository: z.string().max(255),
  tag: z.string().max(128),
  updatedAt: z.int(),
});

export interface TagListRequest {
  readonly filter: Filter;
  /** Only tags that point at it; null: all. */
  readonly digest: Digest | null;
  readonly sort: TagSort;
  readonly order: 'asc' | 'desc';
  readonly after: TagPlace | undefined;
  /** Most rows, 1–1,000. */
  readonly n: number;
}

type Queries = Pick<LedgerQueries, 'listTags' | 'tagsAt' | 'states'>;

/** @throws PARAMETER_INVALID naming `sort` if the order needs more rows than a request may read */
export function listTags(
  ledger: Queries,
  reading: Reading,
  request: TagListRequest,
): Promise<RowPage<TagState, TagPlace>> {
  const { filter, digest, sort, order } = request;
  const within = withinOf(filter, reading.grant);
  if (within !== undefined && 'repositories' in within && within.repositories.length === 0)
    return Promise.resolve({ rows: [], next: null });
  const names = exactNames(filter);
  if (names !== null) return sortAll(readNames(ledger, names), reading, request);
  const read = readerOf(ledger, request, within);
  const isInOrder = digest === null ? sort !== 'semver' : sort === 'name' && order === 'asc';
  return isInOrder ? readInOrder(read, reading, request) : sortAll(read, reading, request);
}

/** Most names that are asked for one by one: what one call of the ledger takes. */
const maxNames = 1_000;

/** All tags that can match, if the filter names each of them; null: it does not, or they are too many. */
function exactNames({ repositories, patterns, tagScopes }: Filter): readonly TagName[] | null {
  if (patterns.length > 0 || tagScopes.some(isGlob)) return null;
  if (repositories.length * tagScopes.length > maxNames) return null;
  return repositories.flatMap((key) => tagScopes.map((tag) => ({ ...repositoryOfKey(key), tag })));
}

type Read = (after: TagPlace | undefined, limit: number) => Promise<TagListPage>;

function readNames(ledger: Queries, names: readonly TagName[]): Read {
  return async () => {
    const states = await ledger.states(names);
    const tags = states.filter((state) => state?.present === true).filter((state) => state !== null);
    return { tags, next: null, looked: names.length };
  };
}

function readerOf(
  ledger: Queries,
  { digest, sort, order }: TagListRequest,
  within: Within | undefined,
): Read {
  const shared = (after: TagPlace | undefined, limit: number) => ({
    ...(within !== undefined && { within }),
    ...(after !== undefined && { after }),
    limit,
  });
  if (digest !== null) return (after, limit) => ledger.tagsAt({ digest, ...shared(after, limit) });
  // By version they are sorted here; the ledger's cheapest order will do.
  const by = sort === 'semver' ? {} : { sort, order };
  return (after, limit) => ledger.listTags({ ...by, ...shared(after, limit) });
}

function readInOrder(
  read: Read,
  reading: Reading,
  { filter, digest, after, n }: TagListRequest,
): Promise<RowPage<TagState, TagPlace>> {
  const source = {
    async read(from: TagPlace | undefined, limit: number) {
      const { tags, next, looked } = await read(from, limit);
      return { rows: tags, next, looked };
    },
    placeOf,
    judge: (row: TagState) => judge(reading, filter, digest, row),
    mayTell: (place: TagPlace) => reading.grant.allows(repositoryKey(place)),
  };
  return collectPage(reading, source, { after, n, narrowedBy: 'repository' });
}

function judge(reading: Reading, filter: Filter, digest: Digest | null, row: TagState) {
  const isAt = digest === null || row.digest === digest;
  return reading.judge(filter, repositoryKey(row), () => isAt && filter.matchesTag(row.tag));
}

function placeOf({ registry, repository, tag, updatedAt }: TagState): TagPlace {
  return { registry, repository, tag, updatedAt };
}

/** Reads all rows, and keeps those of the page: memory does not grow with the list. */
async function sortAll(
  read: Read,
  reading: Reading,
  request: TagListRequest,
): Promise<RowPage<TagState, TagPlace>> {
  const { filter, digest, n, after } = request;
  const compare = comparing(request);
  const start = after === undefined ? null : keyed(after, after);
  let kept: Keyed<TagState>[] = [];
  let place: TagPlace | undefined;
  do {
    if (!reading.hasRoom) throw tooMany(request, reading.looked);
    const from = place;
    const page = await reading.step(() => read(from, maxStep));
    for (const row of page.tags) {
      const judged = judge(reading, filter, digest, row);
      if ((typeof judged === 'string' ? judged : await judged) !== 'wanted') continue;
      const one = keyed(row, placeOf(row));
      if (start === null || compare(one, start) > 0) kept.push(one);
    }
    // One more than the page: it tells whether another follows.
    kept = kept.sort(compare).slice(0, n + 1);
    place = page.next ?? undefined;
  } while (place !== undefined);
  const rows = kept.slice(0, n);
  return { rows: rows.map(({ row }) => row), next: kept.length > n ? (rows.at(-1)?.place ?? null) : null };
}

/** A row, and what it is sorted by, made once. */
interface Keyed<Row> {
  readonly row: Row;
  readonly place: TagPlace;
  readonly version: VersionKey;
}

function keyed<Row>(row: Row, place: TagPlace): Keyed<Row> {
  return { row, place, version: versionKey(place.tag) };
}

type Compare = (a: Keyed<unknown>, b: Keyed<unknown>) => number;

function comparing({ sort, order }: TagListRequest): Compare {
  const sign = order === 'asc' ? 1 : -1;
  return (a, b) => sign * (orders[sort](a, b) || orders.name(a, b));
}

const orders: Readonly<Record<TagSort, Compare>> = {
  name: ({ place: a }, { place: b }) =>
    compareText(a.registry, b.registry) ||
    compareText(a.repository, b.repository) ||
    compareText(a.tag, b.tag),
  updated: ({ place: a }, { place: b }) => a.updatedAt - b.updatedAt,
  semver: ({ version: a }, { version: b }) => compareVersionKeys(a, b),
};

/** Byte order: names are ASCII. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function tooMany({ sort, digest }: TagListRequest, looked: number) {
  const instead = digest === null ? 'name or updated' : 'name, in ascending order';
  return invalidParameter(
    'sort',
    `sort tags by ${sort}: more than ${looked} tags would have to be read: must be sorted by ${instead}`,
  );
}
