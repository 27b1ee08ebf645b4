import { unavailable } from '../../errors.ts';
import { isTag, type RepositoryName, repositoryKey } from '../../event/reference.ts';
import { isStoredRepository } from '../../event/stored-repository.ts';
import type { RedisDamage } from '../../redis/damage.ts';
import type { Page, ReadFilter, TagState } from '../ledger.ts';
import { boundedLimit } from '../options.ts';
import { refuseLost, refusePosition } from '../refusal.ts';
import {
  boundsFields,
  readBounds,
  readEntry,
  readStanding,
  type Standing,
  type StoredBounds,
  sequenceOfEntry,
} from './codec.ts';
import type { RedisStore } from './store.ts';

/** Entries that one read transfers: some 300 KB. */
const maxEntries = 1_000;
/** Repositories whose newest change is looked up before the stream is read. */
const maxLookedUp = 256;
/** How often a page is read again that seemed to have a hole, or whose ledger was being recreated. */
const maxTries = 4;

interface PageRequest {
  readonly after: number;
  readonly limit: number;
  readonly filter: ReadFilter;
  readonly maxScanned: number;
}

/**
 * One page of the stream. Each entry's id is its sequence, so a page begins where requested, without a scan. It ends
 * before a missing or damaged change. If that change directly follows `after`, the floor is raised over it.
 *
 * @throws POSITION_GONE if `after` is not within the current bounds
 */
export async function readPage(store: RedisStore, damage: RedisDamage, request: PageRequest): Promise<Page> {
  const { after, filter } = request;
  const wanted = filter.repositories === undefined ? null : new Set(filter.repositories);
  for (let tries = 1; tries <= maxTries; tries += 1) {
    if (wanted !== null && wanted.size <= maxLookedUp) {
      const head = await headWithoutNews(store, after, [...wanted]);
      if (head !== null) return { changes: [], next: head, atHead: true };
    }
    const read = await readOnce(store, request, wanted);
    if (read === null) await store.run('status', 'read changes');
    else if (read.hole === null || read.page.next > after) return read.page;
    else await reportHole(store, damage, after, read.hole);
  }
  const message = `read changes: change ${after + 1} is missing in Redis and then is not: must stay as it is`;
  throw unavailable(message);
}

/** What follows the last change of a page: nothing wrong, a missing entry, or a damaged one. */
type Hole = 'missing' | 'damaged' | null;

/** Null if the ledger's meta is lost: any script recreates it. */
async function readOnce(
  store: RedisStore,
  { after, limit, maxScanned }: PageRequest,
  wanted: ReadonlySet<string> | null,
): Promise<{ readonly page: Page; readonly hole: Hole } | null> {
  const maxChanges = boundedLimit(limit);
  const scan = wanted === null ? maxChanges : Math.min(maxScanned, maxEntries);
  // Entries first, bounds second: a trim in between then shows as a floor above `after`, never as a gap.
  const [entries, fields] = await store.link.use('read changes', (client) =>
    Promise.all([
      client.xrange(store.keys.log, `${after + 1}-0`, '+', 'COUNT', scan),
      client.hmget(store.keys.meta, ...boundsFields),
    ]),
  );
  const bounds = readBounds(fields);
  if (bounds === null) return null;
  assertWithin(after, bounds);
  const changes = [];
  let next = after;
  let hole: Hole = null;
  for (const entry of entries) {
    if (changes.length === maxChanges) break;
    const sequence = sequenceOfEntry(entry);
    const change = sequence === next + 1 ? readEntry(entry, bounds) : null;
    if (change === null) {
      hole = sequence === next + 1 ? 'damaged' : 'missing';
      break;
    }
    next = change.sequence;
    if (wanted === null || wanted.has(repositoryKey(change))) changes.push(change);
  }
  if (entries.length === 0 && after < bounds.head) hole = 'missing';
  return { page: { changes, next, atHead: hole === null && next >= bounds.head }, hole };
}

/** @throws POSITION_GONE, `continuity-lost`, unless the change was stored or dropped meanwhile */
async function reportHole(
  store: RedisStore,
  damage: RedisDamage,
  after: number,
  hole: 'missing' | 'damaged',
): Promise<void> {
  const { epoch, floor, head } = await giveUp(store, damage, after, hole);
  if (floor > after) throw refuseLost(after, { epoch, floor, head });
}

/** Raises the floor over the change after `after`, unless it was stored or dropped meanwhile. */
export async function giveUp(
  store: RedisStore,
  damage: RedisDamage,
  after: number,
  hole: 'missing' | 'damaged',
): Promise<Standing> {
  const call = { after, isDamaged: hole === 'damaged' };
  const standing = readStanding(await store.run('hole', 'read changes', call));
  if (standing.floor > after) {
    const found = `${store.keys.log} ${after + 1} is ${hole}`;
    damage.found('change', `${found}: positions below ${standing.floor} are given up`);
  }
  return standing;
}

/** Null if a repository changed after `after`, else the head. Most returning subscribers missed nothing. */
async function headWithoutNews(
  store: RedisStore,
  after: number,
  repositories: readonly string[],
): Promise<number | null> {
  // Bounds first: a change in between lies after the head that is returned.
  const [fields, isThere, newest] = await store.link.use('read changes', (client) =>
    Promise.all([
      client.hmget(store.keys.meta, ...boundsFields),
      client.exists(store.keys.last),
      repositories.length === 0 ? [] : client.hmget(store.keys.last, ...repositories),
    ]),
  );
  const bounds = readBounds(fields);
  if (bounds === null) return null;
  assertWithin(after, bounds);
  // A lost key would claim that no repository ever changed.
  if (isThere === 0 && bounds.floor < bounds.head) return null;
  return newest.every((sequence) => sequence === null || Number(sequence) <= after) ? bounds.head : null;
}

function assertWithin(after: number, bounds: StoredBounds): void {
  if (after < bounds.floor || after > bounds.head) throw refusePosition(after, bounds);
}

/** Those with valid names: Redis may hold others, written by another program. */
export function named(tags: readonly TagState[], damage: RedisDamage): readonly TagState[] {
  return tags.filter(({ registry, repository, tag }) => {
    const isName = isTag(tag) && isStoredRepository(registry, repository);
    if (!isName) damage.found('tag', `${registry}/${repository}:${tag}`);
    return isName;
  });
}

/** A row that is damaged. It is returned without a digest until the row is written anew: leaving the tag out would say that it is gone. */
export function damagedTag(
  damage: RedisDamage,
  { registry, repository, tag }: RepositoryName & { readonly tag: string },
): TagState {
  damage.found('tag', `${registry}/${repository}:${tag}`);
  const none = { digest: null, mediaType: null, size: null };
  return { registry, repository, tag, ...none, firstSeenAt: 0, updatedAt: 0, sequence: 0 };
}
