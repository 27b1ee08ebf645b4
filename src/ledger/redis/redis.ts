/**
 * The ledger in Redis, shared by any number of gateways. Every decision is one atomic Lua script (`lua/`), so
 * gateways need not know each other. The stream is the truth; the channel only wakes its readers. This file joins the
 * parts: links (connections), store (scripts), queue (group commit), tail (order for listeners).
 *
 * A command that is not answered in time fails with UNAVAILABLE, although Redis may have run it. That is harmless:
 * when repeated, the observation is unchanged and the delivery key a duplicate.
 */

import { unavailable } from '../../errors.ts';
import type { Digest } from '../../event/digest.ts';
import type { Observation, PendingObservation, TagObserved, Turn } from '../../event/observation.ts';
import { type RepositoryName, repositoryKey } from '../../event/reference.ts';
import { failpoint } from '../../lib/failpoint.ts';
import { noLog } from '../../lib/log.ts';
import { noMetrics } from '../../lib/metrics.ts';
import { randomId } from '../../lib/random-id.ts';
import { ReadGate } from '../../lib/read-gate.ts';
import { openConnections, type RedisConnections, type RedisOptions } from '../../redis/connections.ts';
import { asCount, asList, asText, refusedCount } from '../../redis/reply.ts';
import type { TargetCursors } from '../cursors.ts';
import { groupedStates } from '../grouped-states.ts';
import type { Bounds, Ledger, Page, ReadFilter, Recorded, TailEvent } from '../ledger.ts';
import { defaultLimits, type LedgerLimits, type LedgerOptions } from '../options.ts';
import { encodePending } from '../pending-codec.ts';
import type {
  HistoryPage,
  HistoryQuery,
  KnownDigest,
  LedgerQueries,
  RepositoryListPage,
  RepositoryListQuery,
  TagListPage,
  TagListQuery,
  TagsAtQuery,
} from '../queries.ts';
import { refusePending } from '../refusal.ts';
import { StandingTime } from '../standing-time.ts';
import type { LedgerRow, Transferable } from '../transfer.ts';
import {
  boundsFields,
  type RecordReply,
  readAnnouncement,
  readBounds,
  readRecordReply,
  readStanding,
  type Standing,
} from './codec.ts';
import { redisCursors, trimTargets } from './cursors.ts';
import { RecordHealth } from './health.ts';
import { RedisManifests } from './manifests.ts';
import { redisMemory } from './memory.ts';
import { type Claimed, readClaim, readTurns } from './pending.ts';
import { RedisQueries } from './queries.ts';
import { readPage } from './read.ts';
import { RecordQueue } from './record.ts';
import { readLedgerScripts } from './scripts.ts';
import { RedisStore } from './store.ts';
import { RedisTail } from './tail.ts';
import { exportRedis, importRedis } from './transfer.ts';

/** How to reach Redis, and how sure a change must be before it is acknowledged. */
export interface RedisLedgerOptions extends LedgerOptions, RedisOptions {
  /** Replicas that must have a change before it is acknowledged. Default 0: the primary alone. */
  readonly minReplicas?: number;
  /** How long those replicas may take, ms; below `commandTimeoutMs`. Default 1,000. */
  readonly minReplicasTimeoutMs?: number;
  /** The monotonic counterpart of `now`, ms. Default: the clock's. For tests. */
  readonly monotonic?: () => number;
}

const defaults = { minReplicas: 0, minReplicasTimeoutMs: 1_000 };

/** More changes are only announced: Redis may have to buffer these, some 300 KB, for each slow gateway. */
const maxPublished = 1_000;
/** Pages of some 300 KB each: a storm of reconnects must not fill memory or delay commits. */
const maxReadsAtOnce = 8;
/** Steps of one `trim`; the rest waits for the next. */
const maxTrimSteps = 1_000;

/** A ledger shared by several gateways, over connections that others may use too. */
export interface SharedLedger extends Ledger, Transferable {
  /** They close with the ledger. */
  readonly redis: RedisConnections;
}

/**
 * @throws UNAVAILABLE if Redis cannot be reached, is older than 7, or holds a ledger of a newer schema
 * @throws PARAMETER_INVALID if the target's settings contradict each other or are not valid
 */
export async function openRedisLedger(options: RedisLedgerOptions): Promise<SharedLedger> {
  const { clock, log = noLog, metrics = noMetrics } = options;
  const holes = metrics.counter(
    'ledger_redis_holes_total',
    'Times the stream was read for what the channel lost',
  );
  const { maxRowsLookedAt } = { ...defaultLimits, ...options.limits };
  const scripts = await readLedgerScripts();
  let tail: RedisTail | null = null;
  const seen = () => tail ?? { epoch: '', head: 0 };
  const standingOf = async (store: RedisStore) =>
    readStanding(await store.run('status', 'ask where the ledger stands'));
  const redis = await openConnections(options, (connections) => {
    const store = new RedisStore(connections, scripts, seen, maxRowsLookedAt);
    return {
      prepare: (client) => store.prepare(client),
      onMessage: (text) => {
        const announcement = readAnnouncement(text);
        if (announcement === null) connections.damage.found('message', text);
        else tail?.announce(announcement);
      },
      onLook: async () => tail?.stands(await standingOf(store)),
    };
  });
  const { damage } = redis;
  const store = new RedisStore(redis, scripts, seen, maxRowsLookedAt);
  try {
    const first = await standingOf(store);
    tail = new RedisTail(first, {
      ...{ clock, log, standing: () => standingOf(store), onHole: () => holes.inc() },
      onStray: (what) => damage.found('message', what),
      onSilence: () => redis.renewTail('the channel was silent while changes came'),
      read: (after, limit) => readPage(store, damage, { after, limit, filter: {}, maxScanned: limit }),
    });
    return new RedisLedger(options, redis, { store, tail, standing: first });
  } catch (error) {
    await redis.close();
    throw error;
  }
}

type Opening = Readonly<{ store: RedisStore; tail: RedisTail; standing: Standing }>;

class RedisLedger implements SharedLedger {
  readonly redis: RedisConnections;
  readonly #options: RedisLedgerOptions;
  readonly #limits: LedgerLimits;
  readonly #store: RedisStore;
  readonly #tail: RedisTail;
  readonly #queue: RecordQueue;
  readonly #gate: ReadGate;
  readonly #health: RecordHealth;
  readonly #standingTime: StandingTime;
  readonly #queries: RedisQueries;
  readonly manifests: RedisManifests;
  readonly cursors: TargetCursors;
  readonly states: LedgerQueries['states'];
  readonly tagNames: LedgerQueries['tagNames'] = (query) =>
    this.#gate.pass(() => this.#queries.tagNames(query));
  readonly lists: LedgerQueries['lists'] = (of) => this.#gate.pass(() => this.#queries.lists(of));
  readonly storage: Ledger['storage'] = () => redisMemory(this.#store.link);
  #closing: Promise<void> | null = null;

  constructor(options: RedisLedgerOptions, redis: RedisConnections, { store, tail, standing }: Opening) {
    this.redis = redis;
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#store = store;
    this.#tail = tail;
    this.#health = new RecordHealth(options.clock);
    this.#gate = new ReadGate(maxReadsAtOnce, this.#limits.maxWaitingReads);
    const { maxRowsLookedAt, maxTargets } = this.#limits;
    this.cursors = redisCursors(store, maxTargets);
    this.#queries = new RedisQueries(store, redis, maxRowsLookedAt);
    this.manifests = new RedisManifests(store, this.#limits, randomId(options.random));
    this.states = groupedStates((names) => this.#gate.pass(() => this.#queries.states(names)));
    const monotonic = options.monotonic ?? (() => options.clock.monotonic());
    this.#standingTime = new StandingTime(monotonic, standing.now);
    this.#queue = new RecordQueue({
      monotonic,
      commit: (calls) => this.#commit(calls),
      maxWaiting: this.#limits.maxWaitingObservations,
    });
  }

  async bounds(): Promise<Bounds> {
    const { keys, link } = this.#store;
    const fields = await link.use('read the bounds', (client) => client.hmget(keys.meta, ...boundsFields));
    const stored = readBounds(fields);
    if (stored !== null) {
      const { summedFrom: _, ...bounds } = stored;
      return bounds;
    }
    // The database was emptied or overwritten: the script recreates the ledger.
    const made = readStanding(await this.#store.run('status', 'read the bounds'));
    return { epoch: made.epoch, floor: made.floor, head: made.head };
  }

  record(observations: readonly Observation[], settles: readonly string[] = []): Promise<Recorded> {
    return this.#queue.add(observations, settles);
  }

  async #commit(calls: string): Promise<RecordReply> {
    const action = 'record observations';
    const minReplicas = this.#options.minReplicas ?? defaults.minReplicas;
    const { maxScopesPerRepository, maxPending } = this.#limits;
    const call = {
      ...this.#deliveryBounds(),
      ...{ maxScopesPerRepository, maxPending, maxPublished },
      touch: minReplicas > 0,
      isQuick: true,
    };
    failpoint('redis.before-record');
    const answer = await this.#health.watch(
      () => this.#store.run('record', action, call, [calls]),
      () => this.#store.run('status', action),
    );
    failpoint('redis.before-acknowledge');
    const reply = readRecordReply(answer);
    this.#tail.committed(reply.epoch, reply.changes);
    if (minReplicas > 0) await this.#awaitReplicas(action, minReplicas);
    return reply;
  }

  async #awaitReplicas(action: string, minReplicas: number): Promise<void> {
    const timeoutMs = this.#options.minReplicasTimeoutMs ?? defaults.minReplicasTimeoutMs;
    const acknowledged = await this.#store.link.use(action, (client) => client.wait(minReplicas, timeoutMs));
    if (acknowledged >= minReplicas) return;
    const state = `${acknowledged} replicas had it after ${timeoutMs} ms`;
    throw unavailable(`${action}: ${state}: must be at least ${minReplicas}`);
  }

  #deliveryBounds() {
    const { maxDeliveryKeys } = this.#limits;
    return { maxDeliveryKeys, maxAgeMs: this.#options.retention.maxAgeMs };
  }

  async defer(observations: readonly TagObserved[]): Promise<readonly PendingObservation[]> {
    const { maxPending } = this.#limits;
    const keys = observations.map((one) => [one.dedupeKey ?? null, one.dedupeWindowMs ?? null]);
    const call = { ...this.#deliveryBounds(), maxPending, keys };
    const texts = observations.map(encodePending);
    const reply = await this.#store
      .run('defer', 'defer observations', call, texts)
      .catch((error: unknown) => {
        const waiting = refusedCount(error, 'PENDING');
        throw waiting === null ? error : refusePending(waiting, observations.length, maxPending);
      });
    const [stamp, ids] = asList(reply);
    const keptAt = asCount(stamp);
    return asList(ids).flatMap((given, i) => {
      const [id, observation] = [asText(given), observations[i]];
      if (id === '' || observation === undefined) return [];
      return [{ id, observation: { ...observation, dedupeKey: null, keptAt } }];
    });
  }

  async claimPending(limit: number, leaseMs: number): Promise<readonly PendingObservation[]> {
    const reply = await this.#store.run('claimPending', 'claim pending observations', { limit, leaseMs });
    return this.#readable(readClaim(asList(reply)));
  }

  async claimTurns(limit: number, leaseMs: number): Promise<readonly Turn[]> {
    return this.#readable(readTurns(await this.#store.run('claimTurns', 'claim turns', { limit, leaseMs })));
  }

  async #readable<Pending>({ pending, damaged }: Claimed<Pending>): Promise<readonly Pending[]> {
    for (const { id, text } of damaged) {
      this.redis.damage.found('pending', text);
      await this.record([], [id]);
    }
    return pending;
  }

  read(after: number, limit: number, filter: ReadFilter = {}): Promise<Page> {
    const { maxScanned } = this.#limits;
    return this.#gate.pass(() =>
      readPage(this.#store, this.redis.damage, { after, limit, filter, maxScanned }),
    );
  }

  async seek(time: number): Promise<number> {
    return asCount(await this.#store.run('seek', 'seek a time', { time }));
  }

  listTags(query: TagListQuery): Promise<TagListPage> {
    return this.#gate.pass(() => this.#queries.listTags(query));
  }

  tagsAt(query: TagsAtQuery): Promise<TagListPage> {
    return this.#gate.pass(() => this.#queries.tagsAt(query));
  }

  digests(of: RepositoryName, digests: readonly Digest[]): Promise<readonly (KnownDigest | null)[]> {
    return this.#gate.pass(() => this.#queries.digests(of, digests));
  }

  history(query: HistoryQuery): Promise<HistoryPage> {
    return this.#gate.pass(() => this.#queries.history(query));
  }

  listRepositories(query: RepositoryListQuery): Promise<RepositoryListPage> {
    return this.#gate.pass(() => this.#queries.listRepositories(query));
  }

  async baselines(registry: string, repository: string): Promise<readonly string[]> {
    const { keys, link } = this.#store;
    const key = repositoryKey({ registry, repository });
    const scopes = await link.use('read baselines', (client) => client.hget(keys.scopes, key));
    return scopes === null ? [] : asList(JSON.parse(scopes)).map(asText);
  }

  tail(listener: (event: TailEvent) => void): () => void {
    return this.#tail.listen(listener);
  }

  async check(): Promise<void> {
    this.#health.check();
    await this.#store.run('status', 'check the ledger');
  }

  async trim(): Promise<Bounds> {
    const { maxChanges, maxAgeMs } = this.#options.retention;
    const { now } = readStanding(await this.#store.run('status', 'trim the ledger'));
    const hasStood = this.#standingTime.hasStood(now);
    if (hasStood) await trimTargets(this.#store, maxAgeMs);
    let sweep = '';
    for (let step = 1; ; step += 1) {
      const call = { maxChanges, maxAgeMs, hasStood, maxTrimmed: this.#limits.maxTrimmedAtOnce, sweep };
      const reply = asList(await this.#store.run('trim', 'trim the ledger', call));
      const [epoch, floor, head, more, next] = reply;
      const bounds = { epoch: asText(epoch), floor: asCount(floor), head: asCount(head) };
      if (more !== '1' || step === maxTrimSteps) return bounds;
      sweep = asText(next);
      failpoint('redis.mid-trim');
    }
  }

  exportRows(): AsyncIterable<LedgerRow> {
    return exportRedis(this.#store, this.#options.random);
  }

  async importRows(rows: AsyncIterable<LedgerRow>): Promise<void> {
    await importRedis(this.#store, this.#options.random, rows);
    this.#tail.stands(readStanding(await this.#store.run('status', 'import ledger')));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#queue.close();
    this.#tail.close();
    await this.redis.close();
  }
}
