/** The queries in Redis. Each page is one script (`lua/lists/`, `lua/history.lua`) that reads an index. */
import type { Redis } from 'ioredis';
import { unavailable } from '../../errors.ts';
import type { Digest } from '../../event/digest.ts';
import { type RepositoryName, repositoryKey } from '../../event/reference.ts';
import type { RedisConnections } from '../../redis/connections.ts';
import { asCount, asList, asNumber, asText } from '../../redis/reply.ts';
import type { TagState } from '../ledger.ts';
import { atWall, type LedgerClock, stampAge } from '../ledger-clock.ts';
import { boundedLimit } from '../options.ts';
import {
  assertBatch,
  type HistoryPage,
  type HistoryQuery,
  type KnownDigest,
  type KnownTag,
  type LedgerQueries,
  type ListStates,
  type RepositoryListPage,
  type RepositoryListQuery,
  type TagListPage,
  type TagListQuery,
  type TagName,
  type TagNamesPage,
  type TagNamesQuery,
  type TagPlace,
  type TagsAtQuery,
} from '../queries.ts';
import { stateAfter } from '../turns.ts';
import {
  boundsFields,
  readBounds,
  readEntry,
  readManifestRow,
  readTagRow,
  readTagState,
  type StoredBounds,
  sequenceOfEntry,
} from './codec.ts';
import { newestTurns } from './pending.ts';
import { damagedTag, giveUp, named } from './read.ts';
import { chunked, readListState, readNames, readPlace, readRepository } from './replies.ts';
import { filterOf, memberOf, membersOf, spansOf } from './spans.ts';
import type { RedisStore } from './store.ts';

/** Repositories whose tags are merged by time, unless they have too many rows; of more, the order of all is filtered. */
const maxMerged = 16;
/** How often a page is read again whose changes are being given up. */
const maxTries = 4;

export class RedisQueries implements Omit<LedgerQueries, 'manifests'> {
  readonly #store: RedisStore;
  readonly #redis: RedisConnections;
  readonly #maxLooked: number;

  constructor(store: RedisStore, redis: RedisConnections, maxLooked: number) {
    this.#store = store;
    this.#redis = redis;
    this.#maxLooked = maxLooked;
  }

  async listTags({ within, sort, order, after, limit }: TagListQuery): Promise<TagListPage> {
    const isDesc = order === 'desc';
    const common = { isDesc, limit: boundedLimit(limit), maxLooked: this.#maxLooked };
    if (sort === 'updated') return this.#listMoved(within, after, common);
    const from = after === undefined ? null : memberOf(repositoryKey(after));
    const spans = spansOf(within, { from, isDesc, max: this.#maxLooked + 1 });
    const call = { ...common, spans, after: after === undefined ? null : placeOf(after) };
    return this.#page(await this.#store.run('listTags', 'list tags', call));
  }

  async tagNames({ repositories: keys, after, limit }: TagNamesQuery): Promise<TagNamesPage> {
    const from = after === undefined ? null : memberOf(repositoryKey(after));
    const spans = spansOf({ repositories: keys }, { from, isDesc: false, max: this.#maxLooked + 1 });
    const call = {
      ...{ spans, isDesc: false, isNames: true, limit: boundedLimit(limit), maxLooked: this.#maxLooked },
      after: after === undefined ? null : placeOf(after),
    };
    const [rows, place, looked] = asList(await this.#store.run('listTags', 'list names of tags', call));
    return { repositories: readNames(rows), next: readPlace(place), looked: asCount(looked) };
  }

  async #listMoved(within: TagListQuery['within'], after: TagPlace | undefined, common: object) {
    const some = within !== undefined && 'repositories' in within ? membersOf(within.repositories) : null;
    if (some?.length === 0) return { tags: [], next: null, looked: 0 };
    const members = some !== null && some.length <= maxMerged ? some : null;
    const place = after === undefined ? null : [...placeOf(after), after.updatedAt];
    const call = { ...common, members, within: filterOf(within), after: place };
    return this.#page(await this.#store.run('listMoved', 'list tags', call));
  }

  async tagsAt({ digest, within, after, limit }: TagsAtQuery): Promise<TagListPage> {
    const place = after === undefined ? null : placeOf(after);
    const bounds = { limit: boundedLimit(limit), maxLooked: this.#maxLooked };
    const call = { ...bounds, digest, within: filterOf(within), after: place };
    const page = this.#page(await this.#store.run('listAt', 'list tags at a digest', call));
    // A row that was written anew after damage may point elsewhere than its place says.
    return { ...page, tags: page.tags.filter((row) => row.digest === digest) };
  }

  /** Decodes the answer of `lua/lists/pages.lua`. */
  #page(reply: unknown): TagListPage {
    const [rows, place, looked] = asList(reply);
    const flat = asList(rows);
    const tags: TagState[] = [];
    // By index: slices and iterators for each of a thousand rows cost as much as reading them.
    for (let at = 0; at + 3 < flat.length; at += 4) {
      const [registry, repository, tag] = [asText(flat[at]), asText(flat[at + 1]), asText(flat[at + 2])];
      const state = readTagState(registry, repository, tag, asText(flat[at + 3]));
      tags.push(state ?? damagedTag(this.#redis.damage, { registry, repository, tag }));
    }
    return { tags: named(tags, this.#redis.damage), next: readPlace(place), looked: asCount(looked) };
  }

  async states(names: readonly TagName[]): Promise<readonly (KnownTag | null)[]> {
    assertBatch(names);
    const { link, keys } = this.#store;
    const [clock, hasTurns, read] = await link.use('read the state of tags', (client) =>
      Promise.all([this.#clock(), client.exists(`${keys.prefix}turns`), this.#rowsOf(client, names)]),
    );
    const known = (texts: readonly (string | null)[]) =>
      texts.map((text, i) => {
        const name = names[i];
        return text === null || name === undefined ? null : this.#knownTag(name, text, clock);
      });
    if (hasTurns === 0) return known(read);
    // What waits first: what is decided meanwhile is then in the row.
    const turns = await link.use('read what waits', (client) => newestTurns(client, keys.prefix, names));
    const rows = known(await link.use('read the state of tags', (client) => this.#rowsOf(client, names)));
    return rows.map((row, i) => {
      const turn = turns[i] ?? null;
      return row === null || turn === null ? row : { ...row, waiting: stateAfter(turn, clock) };
    });
  }

  /** The rows of these tags as Redis has them, in order; null: there is none. */
  async #rowsOf(client: Redis, names: readonly TagName[]): Promise<readonly (string | null)[]> {
    const tagsOf = new Map<string, string[]>();
    for (const name of names) {
      const tags = tagsOf.get(repositoryKey(name)) ?? [];
      tagsOf.set(repositoryKey(name), tags);
      tags.push(name.tag);
    }
    const rows = new Map<string, string | null>();
    await Promise.all(
      [...tagsOf].map(async ([key, tags]) => {
        const texts = await client.hmget(`${this.#store.keys.prefix}t:${key}`, ...tags);
        for (const [i, tag] of tags.entries()) rows.set(`${key}:${tag}`, texts[i] ?? null);
      }),
    );
    return names.map((name) => rows.get(`${repositoryKey(name)}:${name.tag}`) ?? null);
  }

  #knownTag(name: TagName, text: string, clock: LedgerClock): KnownTag {
    const row = readTagRow(name, text);
    if (row === null) return { ...damagedTag(this.#redis.damage, name), present: true, checkedAgeMs: null };
    const checkedAt = row.remembered.checkedAt ?? null;
    const checkedAgeMs = checkedAt === null ? null : stampAge(clock, checkedAt);
    return { ...row.state, present: row.present, checkedAgeMs };
  }

  async digests(of: RepositoryName, digests: readonly Digest[]): Promise<readonly (KnownDigest | null)[]> {
    assertBatch(digests);
    if (digests.length === 0) return [];
    const key = `${this.#store.keys.prefix}m:${repositoryKey(of)}`;
    const texts = await this.#store.link.use('read digests', (client) => client.hmget(key, ...digests));
    return digests.map((digest, i) => {
      const text = texts[i] ?? null;
      return text === null ? null : this.#knownDigest(of, digest, text);
    });
  }

  /** Null for a row that no gateway stored so: nothing is known then. */
  #knownDigest(of: RepositoryName, digest: Digest, text: string): KnownDigest | null {
    try {
      const { present, mediaType = null, size = null } = readManifestRow(of, digest, text);
      return { present, mediaType, size };
    } catch {
      this.#redis.damage.found('digest', `${repositoryKey(of)}@${digest}`);
      return null;
    }
  }

  async history(query: HistoryQuery): Promise<HistoryPage> {
    for (let tries = 1; tries <= maxTries; tries += 1) {
      const page =
        query.of === undefined ? await this.#allChanges(query) : await this.#chain(query, query.of);
      if (page !== null) return page;
    }
    throw unavailable(
      'read the history: changes are missing in Redis and then are not: must stay as they are',
    );
  }

  /** Null: a change is missing or damaged; it and all before it were given up. */
  async #allChanges({ types, before, limit }: HistoryQuery): Promise<HistoryPage | null> {
    const bounds = await this.#bounds();
    const count = Math.min(types === undefined ? boundedLimit(limit) : this.#maxLooked, this.#maxLooked);
    const newest = Math.min(before ?? Infinity, bounds.head + 1) - 1;
    const last = Math.max(newest - count, bounds.floor);
    if (newest <= bounds.floor) return { changes: [], next: null, bounds: publicBounds(bounds), looked: 0 };
    const entries = await this.#store.link.use('read the history', (client) =>
      client.xrevrange(this.#store.keys.log, `${newest}-0`, `${last + 1}-0`, 'COUNT', count),
    );
    const changes = [];
    let sequence = newest + 1;
    for (const entry of entries) {
      if (changes.length === boundedLimit(limit)) break;
      const change = sequenceOfEntry(entry) === sequence - 1 ? readEntry(entry, bounds) : null;
      if (change === null) break;
      sequence = change.sequence;
      if (types === undefined || types.includes(change.type)) changes.push(change);
    }
    const isWhole = changes.length === boundedLimit(limit) || sequence === last + 1;
    if (!isWhole) return this.#missing(sequence - 1);
    const next = sequence - 1 > bounds.floor ? sequence : null;
    return { changes, next, bounds: publicBounds(bounds), looked: newest + 1 - sequence };
  }

  async #chain(
    { types, before, limit }: HistoryQuery,
    { registry, repository, tag }: NonNullable<HistoryQuery['of']>,
  ): Promise<HistoryPage | null> {
    const bounds = await this.#bounds();
    const reply = await this.#store.run('history', 'read the history', {
      ...{ registry, repository, tag: tag ?? null, types: types ?? null, before: before ?? null },
      ...{ limit: boundedLimit(limit), maxLooked: this.#maxLooked },
    });
    const [entries, next, looked, wrong] = asList(reply);
    if (asText(wrong) !== '') return this.#missing(asCount(wrong));
    const changes = [];
    for (const entry of asList(entries)) {
      const change = readEntry(entry, bounds);
      if (change === null) return this.#missing(sequenceOfEntry(entry) ?? bounds.floor);
      changes.push(change);
    }
    const place = asText(next) === '' ? null : asCount(next);
    return { changes, next: place, bounds: publicBounds(bounds), looked: asCount(looked) };
  }

  async #missing(sequence: number): Promise<null> {
    await giveUp(this.#store, this.#redis.damage, sequence - 1, 'damaged');
    return null;
  }

  async listRepositories({ within, after, limit }: RepositoryListQuery): Promise<RepositoryListPage> {
    // Exclusive: nothing lies between a name and the name with a blank.
    const from = after === undefined ? null : `${memberOf(repositoryKey(after))} `;
    const spans = spansOf(within, { from, isDesc: false, max: this.#maxLooked + 1 });
    const call = { spans, isDesc: false, limit: boundedLimit(limit), maxLooked: this.#maxLooked };
    const [clock, bounds, reply] = await Promise.all([
      this.#clock(),
      this.#bounds(),
      this.#store.run('listRepositories', 'list repositories', call),
    ]);
    const [rows, place, looked] = asList(reply);
    const [registry, repository] = asList(place).map(asText);
    return {
      repositories: chunked(asList(rows), 6).map((row) => readRepository(row, clock, bounds)),
      next: registry === undefined || repository === undefined ? null : { registry, repository },
      looked: asCount(looked),
    };
  }

  async lists(of: readonly RepositoryName[]): Promise<ListStates> {
    assertBatch(of);
    const call = { repositories: of.map(repositoryKey) };
    const [clock, reply] = await Promise.all([
      this.#clock(),
      this.#store.run('listStates', 'read the states of lists', call),
    ]);
    const [epoch, floor, head, flat] = asList(reply);
    const lists = chunked(asList(flat), 3).map((row) => readListState(row, clock));
    return { lists, bounds: { epoch: asText(epoch), floor: asNumber(floor), head: asNumber(head) } };
  }

  async #bounds(): Promise<StoredBounds> {
    const { keys, link } = this.#store;
    const read = () => link.use('read the bounds', (client) => client.hmget(keys.meta, ...boundsFields));
    const bounds = readBounds(await read());
    if (bounds !== null) return bounds;
    await this.#store.run('status', 'read the bounds');
    const made = readBounds(await read());
    if (made === null) throw unavailable('read the bounds: Redis does not keep them: must be there');
    return made;
  }

  /** The ledger's clock now, as `lua/clock.lua` has it. */
  async #clock(): Promise<LedgerClock> {
    const { keys, link } = this.#store;
    const [fields, time] = await link.use('read the clock', (client) =>
      Promise.all([client.hmget(keys.meta, 'stampedAt', 'skewMs', 'steppedAt', 'recordedAt'), client.time()]),
    );
    const [stampedAt = 0, skewMs = 0, steppedAt = 0, recordedAt = 0] = fields.map((text) =>
      Number(text ?? 0),
    );
    const [seconds = 0, micros = 0] = time.map(Number);
    const wall = this.#redis.now() ?? seconds * 1_000 + Math.floor(micros / 1_000);
    return atWall({ stampedAt: Math.max(stampedAt, recordedAt), skewMs, steppedAt }, wall);
  }
}

function placeOf({ registry, repository, tag }: TagName): readonly string[] {
  return [registry, repository, tag];
}

function publicBounds({ summedFrom: _, ...bounds }: StoredBounds) {
  return bounds;
}
