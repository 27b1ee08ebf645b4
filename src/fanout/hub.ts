/** Assembles the parts of fan-out; transports see only the hub. */
import type { Bounds, Ledger } from '../ledger/ledger.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { Random } from '../lib/random.ts';
import { type Census, takeCensus } from './census.ts';
import { Deliverer } from './deliverer.ts';
import { Demand } from './demand.ts';
import { FanOut } from './fan-out.ts';
import { Feeders } from './feeders.ts';
import type { Frame } from './frame.ts';
import { GroupIndex } from './group-index.ts';
import { History, type HistoryOptions } from './history.ts';
import { HubMetrics } from './hub-metrics.ts';
import { type InterestLimits, Interests } from './interests.ts';
import { Pacer } from './pace/pacer.ts';
import type { PaceOptions } from './pace/rules.ts';
import type { GatewayCounts } from './pace/slots.ts';
import { ChangeQueue } from './queue.ts';
import { type RecentRequest, recentFrames } from './recent.ts';
import type { Farewell } from './sink.ts';
import type { EndReason } from './stream-metrics.ts';
import {
  Subscriber,
  type SubscriberOptions,
  SubscriberTable,
  type SubscriptionRequest,
} from './subscriber.ts';
import { SubscriberList } from './subscriber-list.ts';
import { Subscriptions } from './subscriptions.ts';
import { Turns } from './turns.ts';

/** What a hub needs of the gateway. */
export interface HubOptions {
  readonly ledger: Pick<Ledger, 'bounds' | 'read' | 'seek' | 'listTags' | 'tail'>;
  readonly pace: PaceOptions;
  /** Paced subscribers of a repository (any tags) at all gateways; `own` is ours. Default: no other gateway. */
  readonly countsOf?: (repositoryKey: string, own: number) => GatewayCounts;
  /** Receives which tags of an exactly named repository subscribers want; null: none any more. */
  readonly onDemand?: (repositoryKey: string, scopes: readonly string[] | null) => void;
  readonly history?: HistoryOptions;
  /** How much subscriptions may ask for in total. */
  readonly interests: InterestLimits;
  /** Changes that may wait for fan-out; above that, live subscribers read from the ledger. Default 10,000. */
  readonly maxQueuedChanges?: number;
  /** A subscriber is closed when its socket has not drained for this long, ms. Default 60,000. */
  readonly stalledTimeoutMs?: number;
  /** A connection is closed after about this time, so that its client reconnects, ms. Default: never. */
  readonly connectionLifetimeMs?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** A client that resumes at most this many changes behind the head needs little judging: one page of history. */
const nearHead = 256;

const aloneHere = (_key: string, own: number): GatewayCounts => ({ node: 0, counts: [own] });

export class Hub {
  readonly table: SubscriberTable;
  readonly pacer: Pacer;
  readonly #options: HubOptions;
  readonly #parts: ReturnType<typeof assemble>;
  #nextNumber = 1;
  #closed = false;

  /** Opens a hub at the ledger's head. */
  static async open(options: HubOptions): Promise<Hub> {
    return new Hub(options, await options.ledger.bounds());
  }

  private constructor(options: HubOptions, bounds: Bounds) {
    this.#options = options;
    this.#parts = assemble(options, bounds);
    this.table = this.#parts.table;
    this.pacer = this.#parts.pacer;
  }

  /** The newest change whose fan-out began. */
  get head(): { epoch: string; sequence: number } {
    return { epoch: this.#parts.queue.epoch, sequence: this.#parts.queue.head };
  }

  /** The newest `limit` matching frames, oldest first. @throws SUBSCRIPTION_LIMIT, TOO_MANY_REQUESTS, UNAVAILABLE */
  recent(limit: number, { owner, grant, filter, isCancelled }: RecentRequest): Promise<readonly Frame[]> {
    this.#parts.interests.charge(filter, owner);
    const wants = (frame: Frame) => filter.matches(frame.change);
    const judged = { grant, filters: [filter], wants, isCancelled };
    return recentFrames(this.#parts, this.#parts.queue.head, limit, judged);
  }

  /** Paced subscribers by exact repository and by pattern, in parts of a few milliseconds each. */
  pacedCounts(): ReturnType<GroupIndex['pacedCounts']> {
    return this.#parts.index.pacedCounts();
  }

  get fanningOut(): boolean {
    return this.#parts.fanOut.busy;
  }

  /** What operators see of the subscribers. */
  get subscribers(): SubscriberList {
    return this.#parts.list;
  }

  /** Changes delivered to subscribers since the start. */
  get deliveries(): number {
    return this.#parts.metrics.deliveries;
  }

  /** How many subscribers there are, and how far they are. */
  census(): Census {
    return takeCensus(this.table, this.#parts.queue);
  }

  /** Adds a connection without subscriptions. */
  connect(options: SubscriberOptions): Subscriber {
    const subscriber = new Subscriber(this.#nextNumber++ >>> 0, options, this.#options.clock.monotonic());
    this.table.add(subscriber);
    return subscriber;
  }

  /**
   * Adds a subscription. The transport has checked that the grant allows it and that its id is new to this
   * connection. The sink then receives `subscribed`, a reset, state, replayed changes and `ready`, as they apply.
   *
   * @param resumed whether the client sent a position, for metrics. Default: whether it begins after one
   * @throws SUBSCRIPTION_LIMIT, TOO_MANY_REQUESTS or TOO_MANY_CONNECTIONS if it asks for too much; then nothing has
   *   changed
   */
  subscribe(
    subscriber: Subscriber,
    asked: SubscriptionRequest,
    resumed = asked.start.kind === 'after',
  ): void {
    if (subscriber.state === 'closed') return;
    const { id, start, snapshot } = asked;
    const { interests } = this.#parts;
    const filter = interests.hold(asked.filter, subscriber.owner, subscriber.filters(), this.#goesOn(asked));
    this.#noteBegin(subscriber, resumed);
    const request = filter === asked.filter ? asked : { id, filter, start, snapshot };
    const { head } = this.#parts.queue;
    const fromNow = request.start.kind === 'live' && !request.snapshot;
    const caughtUp =
      subscriber.state === 'live' || (subscriber.subscriptions.length === 0 && !subscriber.feeding);
    if (fromNow && caughtUp && subscriber.joining === null) this.#joinLive(subscriber, request, head);
    else {
      if (subscriber.state === 'live') this.#parts.deliverer.fallBehind(subscriber);
      // A live start means the head now, not the head when the feeder runs.
      const cursor = fromNow ? head : null;
      subscriber.joining ??= [];
      subscriber.joining.push({ request, cursor, told: fromNow, lost: null });
      if (fromNow) this.#parts.deliverer.tell(subscriber, { kind: 'subscribed', id });
    }
    if (subscriber.state === 'behind') this.#parts.feeders.feed(subscriber);
  }

  #noteBegin(subscriber: Subscriber, resumed: boolean): void {
    if (subscriber.opened) return;
    subscriber.opened = true;
    this.#parts.metrics.streams.opened(subscriber.sink.encoding, resumed);
  }

  /** Whether it resumes so near the head that little has to be judged. */
  #goesOn({ start, snapshot }: SubscriptionRequest): boolean {
    if (snapshot || start.kind !== 'after') return false;
    const { epoch, head } = this.#parts.queue;
    const behind = head - start.sequence;
    return start.epoch === epoch && behind >= 0 && behind <= nearHead;
  }

  /** The common case: live from now on, with nothing to catch up. */
  #joinLive(subscriber: Subscriber, request: SubscriptionRequest, head: number): void {
    if (subscriber.subscriptions.length === 0) subscriber.place(head);
    this.#parts.subscriptions.activate(subscriber, request, head);
    this.#parts.deliverer.tell(subscriber, { kind: 'subscribed', id: request.id });
    if (subscriber.state === 'live') this.#parts.deliverer.tellReady(subscriber);
    else if (subscriber.blockedAt === 0) this.#parts.deliverer.goLive(subscriber);
  }

  /** Ends a subscription. False: the connection has none of this id. */
  unsubscribe(subscriber: Subscriber, id: string): boolean {
    return this.#parts.subscriptions.remove(subscriber, id);
  }

  /** Removes a connection that is gone. Idempotent. @param reason for metrics. Default: its client left */
  disconnect(subscriber: Subscriber, reason: EndReason = 'client'): void {
    this.#parts.subscriptions.disconnect(subscriber, reason);
  }

  /** Its resume position: everything at or before it has been delivered. */
  resumeOf(subscriber: Subscriber): string {
    return this.#parts.deliverer.resumePosition(subscriber);
  }

  /** Ends one connection with a last bookmark. */
  dismiss(subscriber: Subscriber, why: Farewell, retryMs: number): void {
    this.#parts.subscriptions.dismiss(subscriber, why, retryMs);
  }

  /** Why this subscriber must be closed; null: it need not be. */
  overdue(subscriber: Subscriber): 'TOO_SLOW' | 'LIFETIME' | null {
    if (subscriber.sink.lasts === true) return null;
    const now = this.#options.clock.monotonic();
    const stalledMs = this.#options.stalledTimeoutMs ?? 60_000;
    if (subscriber.blockedAt > 0 && now - subscriber.blockedAt > stalledMs) return 'TOO_SLOW';
    const lifetimeMs = this.#options.connectionLifetimeMs;
    if (lifetimeMs === undefined) return null;
    // Between 80 and 100 % of it, so that clients that connected together do not leave together.
    const share = 0.8 + 0.2 * ((Math.imul(subscriber.number, 0x9e3779b1) >>> 0) / 2 ** 32);
    return now - subscriber.connectedAtSeconds * 1_000 > lifetimeMs * share ? 'LIFETIME' : null;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#parts.stopTail();
    this.#parts.fanOut.close();
    this.pacer.close();
    for (const subscriber of this.table) this.disconnect(subscriber, 'DRAINING');
  }
}

/** Constructs the parts of fan-out, and begins to follow the ledger's tail. */
function assemble(options: HubOptions, bounds: Bounds) {
  const { ledger, clock, random, log } = options;
  const table = new SubscriberTable();
  const history = new History(ledger, options.history);
  const queue = new ChangeQueue(bounds, options.maxQueuedChanges ?? 10_000);
  const turns = new Turns();
  const demand = new Demand(options.onDemand ?? (() => {}));
  const index = new GroupIndex((key, scopes) => demand.tell(key, scopes));
  const interests = new Interests(options.interests, clock);
  const pacer = new Pacer({ ...options, countsOf: options.countsOf ?? aloneHere });
  const metrics = new HubMetrics(options.metrics, { table, queue });
  const deliverer = new Deliverer({ pacer, queue, metrics, clock, log });
  const subscriptions = new Subscriptions({ table, index, interests, pacer, deliverer, metrics });
  const list = new SubscriberList({ table, queue, pacer, deliverer, clock });
  const common = { ledger, clock, random, log, table, history, queue, turns };
  const parts = { ...common, index, interests, pacer, metrics, deliverer, subscriptions };
  const feeders = new Feeders(parts);
  const fanOut = new FanOut({ ...parts, feeders });
  const stopTail = ledger.tail(fanOut.onTail);
  return { ...parts, feeders, fanOut, list, stopTail };
}
