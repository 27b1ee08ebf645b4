import { type RepositoryName, repositoryKey } from '../event/reference.ts';
import type { Page, ReadFilter, TagPage, TagQuery } from './ledger.ts';
import { boundedLimit } from './options.ts';
import { asList, asNumber, asText, readEntry, readTagState } from './redis-codec.ts';
import type { RedisStore } from './redis-store.ts';
import { refusePosition } from './refusal.ts';
import { compareText, formatTagCursor, parseTagCursor, type TagCursor } from './tag-cursor.ts';

/** Entries one read brings over the network: some 300 KB. */
const maxEntries = 1_000;
/** Repositories whose newest change is looked up before the stream is read. */
const maxLookedUp = 256;
/** Sorts after every tag: "all tags of this repository are done". */
const afterAllTags = '~';

/** One page of the stream. Each entry's id is its sequence, so a page begins where it is asked for, without a scan. */
export async function readPage(
  store: RedisStore,
  after: number,
  limit: number,
  filter: ReadFilter,
  maxScanned: number,
): Promise<Page> {
  const wanted = filter.repositories === undefined ? null : new Set(filter.repositories);
  if (wanted !== null && wanted.size <= maxLookedUp) {
    const head = await headWithoutNews(store, after, [...wanted]);
    if (head !== null) return { changes: [], next: head, atHead: true };
  }
  const maxChanges = boundedLimit(limit);
  const scan = wanted === null ? maxChanges : Math.min(maxScanned, maxEntries);
  // Entries first, bounds second: a trim between the two then shows as a floor above `after`, never as a gap.
  const [entries, bounds] = await store.link.use('read changes', (client) =>
    Promise.all([
      client.xrange(store.keys.log, `${after + 1}-0`, '+', 'COUNT', scan),
      client.hmget(store.keys.meta, 'epoch', 'floor', 'head'),
    ]),
  );
  const { epoch, floor, head } = assertWithin(after, bounds);
  const changes = [];
  let next = after;
  for (const entry of entries) {
    if (changes.length === maxChanges) break;
    const change = readEntry(entry, epoch);
    next = change.sequence;
    if (wanted === null || wanted.has(repositoryKey(change))) changes.push(change);
  }
  return { changes, next, atHead: next >= head || (floor === head && after === head) };
}

/**
 * The head, where no change of the repositories lies after `after`; else null. Most subscribers that come back
 * missed nothing: this spares each of them the reading of all that happened elsewhere.
 */
async function headWithoutNews(
  store: RedisStore,
  after: number,
  repositories: readonly string[],
): Promise<number | null> {
  // Bounds first: a change that comes between the two lies after the head that is given back.
  const [bounds, newest] = await store.link.use('read changes', (client) =>
    Promise.all([
      client.hmget(store.keys.meta, 'epoch', 'floor', 'head'),
      repositories.length === 0 ? [] : client.hmget(store.keys.last, ...repositories),
    ]),
  );
  const { head } = assertWithin(after, bounds);
  return newest.every((sequence) => sequence === null || Number(sequence) <= after) ? head : null;
}

function assertWithin(after: number, reply: readonly (string | null)[]) {
  const [epoch, floor, head] = reply;
  // No epoch: somebody emptied the database. Nothing is kept, so nothing can be resumed.
  const bounds = { epoch: epoch ?? '', floor: asNumber(floor ?? 0), head: asNumber(head ?? 0) };
  if (after < bounds.floor || after > bounds.head) throw refusePosition(after, bounds);
  return bounds;
}

/** One page of the present tags, ordered by registry, repository and tag. */
export async function readTags(store: RedisStore, query: TagQuery, maxVisited: number): Promise<TagPage> {
  const limit = boundedLimit(query.limit);
  const after = query.cursor === undefined ? null : parseTagCursor(query.cursor);
  const members = query.repositories === undefined ? null : membersFrom(query.repositories, after);
  const visible = members === null ? null : members.slice(0, maxVisited);
  // One row more than asked for tells whether another page follows.
  const reply = asList(
    await store.run('tags', 'read tags', {
      limit: limit + 1,
      maxVisited,
      after: after === null ? null : [after.registry, after.repository, after.tag],
      members: visible,
    }),
  );
  const tags = [];
  for (let i = 0; i + 4 < reply.length; i += 4) {
    const [registry, repository, tag, row] = reply.slice(i, i + 4).map(asText);
    if (registry === undefined || repository === undefined || tag === undefined || row === undefined) break;
    tags.push(readTagState(registry, repository, tag, row));
  }
  const page = tags.slice(0, limit);
  const lastRow = page.at(-1);
  if (tags.length > limit && lastRow !== undefined) return { tags: page, cursor: formatTagCursor(lastRow) };
  const unvisited = members !== null && visible !== null && members.length > visible.length;
  const lastVisited = asText(reply.at(-1)) || (unvisited ? (visible?.at(-1) ?? '') : '');
  return { tags: page, cursor: lastVisited === '' ? null : cursorAfter(lastVisited) };
}

/** `registry repository` of each, in order, from the cursor's repository on. */
function membersFrom(repositories: readonly string[], after: TagCursor | null): string[] {
  const from = after === null ? '' : memberOf(after);
  return [...new Set(repositories)]
    .map((key) => {
      const slash = key.indexOf('/');
      return memberOf({ registry: key.slice(0, slash), repository: key.slice(slash + 1) });
    })
    .filter((member) => member >= from)
    .sort(compareText);
}

// A blank sorts before every character of a host, so members sort by registry, then by repository.
function memberOf({ registry, repository }: RepositoryName): string {
  return `${registry} ${repository}`;
}

function cursorAfter(member: string): string {
  const [registry = '', repository = ''] = member.split(' ');
  return formatTagCursor({ registry, repository, tag: afterAllTags });
}
