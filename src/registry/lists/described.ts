/** The list of tags with descriptors (distribution-spec#579): an image index with one entry for each tag. */
import { z } from 'zod';
import { formatPosition } from '../../event/position.ts';
import { repositoryKey } from '../../event/reference.ts';
import type { TagState } from '../../ledger/ledger.ts';
import { Cursors } from '../../reading/cursor.ts';
import type { RegistryAnswer, RepositoryRequest } from '../endpoint.ts';
import { badParameter, RegistryError } from '../errors.ts';
import { type Descriptor, isWhole } from '../freshness.ts';
import type { Tally } from '../tally.ts';
import { describe, type IndexEntry, indexOf, indexType, leftOut, named } from './descriptors.ts';
import { linkOf } from './links.ts';
import { choiceOf, countOf, descriptorLimits, lastTagOf, parameterOf } from './parameters.ts';
import type { ListParts } from './parts.ts';
import { type Place, readTagRows, type TagRowsQuery } from './tag-rows.ts';
import { tagTypeOf } from './tag-type.ts';

/** Tags of which one request asks the registry because their size or media type is not known. */
export const maxLooks = 100;
const looksAtOnce = 8;

const placeSchema: z.ZodType<Place> = z.strictObject({ tag: z.string().max(128), updatedAt: z.int() });

type Order = Pick<TagRowsQuery, 'sort' | 'order'>;

export async function listDescribed(
  parts: ListParts,
  request: RepositoryRequest,
  tally: Tally,
): Promise<RegistryAnswer> {
  const { query, repository } = request;
  const n = countOf(query, descriptorLimits);
  const type = tagTypeOf(query);
  const order = orderOf(query);
  // All that decides which rows there are, and in which order.
  const list = ['tags/list', repositoryKey(repository), order.sort, order.order, type.name];
  const cursors = new Cursors(list, placeSchema);
  const cursor = cursors.parse(parameterOf(query, 'cursor') ?? undefined) ?? null;
  const last = lastOf(query, order, cursor);
  const reading = request.enter();
  await parts.wholeLists.requireWhole(request, tally);
  const { epoch, head } = await parts.ledger.bounds();
  const after = cursor ?? (last === null ? null : { tag: last, updatedAt: 0 });
  const page = await readTagRows(parts.ledger, reading, {
    ...{ repository, ...order, after, n, ...type.narrows },
  });
  const { entries, missing } = await describeRows(parts, request, page.rows, tally);
  const parameters = {
    n: query.has('n') ? String(n) : null,
    sort_by: order.sort === 'name' ? 'name' : 'created_at',
    sort_order: order.order,
    tagType: type.name,
    cursor: page.next === null ? null : cursors.format(page.next),
  };
  const position = formatPosition(epoch, head);
  return {
    headers: {
      'content-type': indexType,
      ...(page.next === null ? {} : linkOf(request, parameters)),
      ...type.headers,
      ...leftOut(missing, 'tag'),
    },
    // Changes after it are what a client may have missed between pages.
    body: indexOf(entries, after === null ? { 'io.manifeed.position': position } : {}),
  };
}

/** By default by name, ascending; by time the newest first. */
function orderOf(query: URLSearchParams): Order {
  const sort = choiceOf(query, 'sort_by', ['created_at', 'name']) === 'created_at' ? 'updated' : 'name';
  const order = choiceOf(query, 'sort_order', ['asc', 'desc']) ?? (sort === 'updated' ? 'desc' : 'asc');
  return { sort, order };
}

function lastOf(query: URLSearchParams, { sort, order }: Order, cursor: Place | null): string | null {
  const last = lastTagOf(query);
  if (last !== null && (sort !== 'name' || order !== 'asc'))
    throw badParameter('last', 'left out unless the list is by name, ascending');
  if (last !== null && cursor !== null) throw badParameter('last', 'left out where there is a cursor');
  return last;
}

/** `missing`: tags whose descriptor is not known, and could not be had. */
async function describeRows(
  parts: ListParts,
  request: RepositoryRequest,
  rows: readonly TagState[],
  tally: Tally,
): Promise<{ readonly entries: readonly IndexEntry[]; readonly missing: number }> {
  const known = await describe(parts.ledger, request.repository, named(rows));
  const lacking = rows.filter(({ digest }) => digest === null || !known.has(digest));
  const looks = await lookAt(parts.tags, request, lacking, tally);
  const fresh = await freshRows(parts.ledger, request, looks);
  const entries: IndexEntry[] = [];
  let missing = 0;
  for (const before of rows) {
    const row = looks.has(before.tag) ? fresh.get(before.tag) : before;
    // It is gone, as was learned just now.
    if (row === undefined) continue;
    const found = looks.get(row.tag) ?? (row.digest === null ? undefined : known.get(row.digest));
    if (found === undefined) missing += 1;
    else entries.push(entryOf(row, found));
  }
  return { entries, missing };
}

/** Asks the registry for tags, some at once, until it refuses. Null: it did not say what the tag is. */
async function lookAt(
  tags: ListParts['tags'],
  request: RepositoryRequest,
  rows: readonly TagState[],
  tally: Tally,
): Promise<ReadonlyMap<string, Descriptor | null>> {
  const looks = new Map<string, Descriptor | null>();
  let isRefused = false;
  const look = async ({ tag }: TagState) => {
    try {
      const found = await tags.resolve(request, tag, tally);
      looks.set(tag, isWhole(found) ? found : null);
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      isRefused ||= error.retryable;
      looks.set(tag, null);
    }
  };
  const asked = rows.slice(0, maxLooks);
  for (let at = 0; at < asked.length && !isRefused; at += looksAtOnce)
    await Promise.all(asked.slice(at, at + looksAtOnce).map(look));
  return looks;
}

/** The rows of what was looked at: it may have moved, or be in the index only now. */
async function freshRows(
  ledger: ListParts['ledger'],
  { repository }: RepositoryRequest,
  looks: ReadonlyMap<string, unknown>,
): Promise<ReadonlyMap<string, TagState>> {
  if (looks.size === 0) return new Map();
  const states = await ledger.states([...looks.keys()].map((tag) => ({ ...repository, tag })));
  return new Map(states.flatMap((row) => (row?.present === true ? [[row.tag, row]] : [])));
}

function entryOf(
  { tag, updatedAt, firstSeenAt }: TagState,
  { mediaType, size, digest }: Descriptor,
): IndexEntry {
  const annotations = {
    'org.opencontainers.image.ref.name': tag,
    'org.opencontainers.image.ref.created': new Date(updatedAt).toISOString(),
    'io.manifeed.tag.first-seen': new Date(firstSeenAt).toISOString(),
  };
  return { mediaType, size, digest, annotations };
}
