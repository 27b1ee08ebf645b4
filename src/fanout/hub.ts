/**
 * The hub: takes each change from the ledger's tail and gives it to exactly those who wait for it. It owns the
 * table of subscribers, the index of their groups and the life of their subscriptions. A subscriber that can't
 * take a change is left behind with nothing but its position; the feeder brings it back. Never encodes for a
 * transport, never decides what a change is.
 */
import { formatPosition } from '../event/position.ts';
import type { Bounds, Ledger, TailEvent } from '../ledger/ledger.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { Random } from '../lib/random.ts';
import { Delivery } from './delivery.ts';
import { Demand } from './demand.ts';
import { FanOut } from './fan-out.ts';
import { type FeederPort, feed } from './feeder.ts';
import type { Frame } from './frame.ts';
import { GroupIndex } from './group.ts';
import { History, type HistoryOptions } from './history.ts';
import { HubMetrics } from './hub-metrics.ts';
import { defaultInterestLimits, type InterestLimits, Interests } from './interests.ts';
import { Pacer } from './pace/pacer.ts';
import type { PaceOptions } from './pace/rules.ts';
import { Turns } from './pace/turns.ts';
import type { Crowd } from './pace/wave.ts';
import { type RecentRequest, recentFrames } from './recent.ts';
import type { Farewell } from './sink.ts';
import { Subscriber, type SubscriberOptions, type SubscriptionRequest } from './subscriber.ts';
import { SubscriberTable } from './table.ts';
import { WakeUp } from './wake-up.ts';

export interface HubOptions {
  readonly ledger: Ledger;
  readonly pace: PaceOptions;
  /**
   * Paced subscribers of a repository, whatever tags they want, at all gateways, this one's `own` among them.
   * Default: this one is alone.
   */
  readonly crowdOf?: (repositoryKey: string, own: number) => Crowd;
  /** Told which tags of an exactly named repository are waited for; null: none any more. */
  readonly onDemand?: (repositoryKey: string, scopes: readonly string[] | null) => void;
  readonly history?: HistoryOptions;
  /** What subscriptions may ask for in all. */
  readonly interests?: InterestLimits;
  /** Changes waiting for fan-out; over it the live subscribers are fed from the ledger. Default 10,000. */
  readonly maxQueuedChanges?: number;
  /** A subscriber whose socket has not drained for so long is closed, ms. Default 60,000. */
  readonly stalledTimeoutMs?: number;
  /** After about so long a subscriber is asked to come back, ms. Default: never. */
  readonly connectionLifetimeMs?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Steps of judging globs for one change in one turn of the event loop: about a millisecond. */
const stepsPerTurn = 50_000;

const aloneHere = (_key: string, own: number): Crowd => ({ node: 0, counts: [own] });

export class Hub {
  readonly table: SubscriberTable;
  readonly history: History;
  readonly pacer: Pacer;
  readonly #options: HubOptions;
  readonly #index: GroupIndex;
  readonly #interests: Interests;
  readonly #metrics: HubMetrics;
  readonly #fanOut: FanOut;
  readonly #delivery: Delivery;
  readonly #feederPort: FeederPort;
  readonly #wakeUp: WakeUp;
  readonly #stopTail: () => void;
  #nextNumber = 1;
  #closed = false;

  /** Opens a hub that stands at the ledger's head. */
  static async open(options: HubOptions): Promise<Hub> {
    return new Hub(options, await options.ledger.bounds());
  }

  private constructor(options: HubOptions, bounds: Bounds) {
    const { ledger, clock, random, log } = options;
    this.#options = options;
    this.history = new History(ledger, options.history);
    const demand = new Demand(options.onDemand ?? (() => {}));
    this.#index = new GroupIndex((key, scopes) => demand.tell(key, scopes));
    this.#interests = new Interests(options.interests ?? defaultInterestLimits, clock);
    this.table = new SubscriberTable();
    this.#wakeUp = new WakeUp(this.table, (subscriber) => this.#feed(subscriber));
    this.pacer = new Pacer({
      pace: options.pace,
      crowdOf: options.crowdOf ?? aloneHere,
      deliver: (wave, subscriber) => this.#delivery.paced(wave, subscriber),
      overflow: () => this.#leaveBehind((subscriber) => subscriber.paced),
      clock,
      metrics: options.metrics,
      log,
    });
    this.#fanOut = new FanOut(bounds, {
      history: this.history,
      clock,
      maxQueuedChanges: options.maxQueuedChanges ?? 10_000,
      learn: (frame) => this.#index.learn(frame.key, { steps: 0, limit: stepsPerTurn }),
      match: (frame) => this.#index.match(frame),
      hold: (frame, matched) => this.pacer.hold(frame, matched),
      deliver: (frame, subscriber) => this.#delivery.live(frame, subscriber),
      leaveBehind: () => this.#leaveBehind(() => true),
      failed: (frame, error) =>
        log.error({ error: String(error), position: positionOf(frame) }, 'fan out change: failed: goes on'),
    });
    this.#metrics = new HubMetrics(options.metrics, { table: this.table, head: () => this.#fanOut.head });
    this.#delivery = new Delivery({
      pacer: this.pacer,
      fanOut: this.#fanOut,
      metrics: this.#metrics,
      clock,
      unwritable: (frame, error) => {
        this.#metrics.unwritable();
        log.error({ error, position: positionOf(frame) }, 'write change: failed: it is passed over');
      },
      feed: (subscriber) => this.#feed(subscriber),
    });
    this.#feederPort = {
      ledger,
      history: this.history,
      turns: new Turns(),
      delivery: this.#delivery,
      pacer: this.pacer,
      metrics: this.#metrics,
      clock,
      random,
      head: () => this.head,
      activate: (subscriber, request, from) => this.#activate(subscriber, request, from),
    };
    this.#stopTail = ledger.tail((event) => this.#hear(event));
  }

  /** Where fan-out stands. */
  get head(): { epoch: string; sequence: number } {
    return { epoch: this.#fanOut.epoch, sequence: this.#fanOut.head };
  }

  /**
   * The newest `limit` frames that somebody wants, oldest first.
   *
   * @throws TOO_MANY_REQUESTS for what its owner asks for in a short time; UNAVAILABLE
   */
  recent(limit: number, { owner, grant, filter, isOver }: RecentRequest): Promise<readonly Frame[]> {
    this.#interests.charge(filter, owner);
    const wants = (frame: Frame) => filter.matches(frame.change);
    const judged = { grant, filters: [filter], wants, isOver };
    return recentFrames(this.#feederPort, this.head.sequence, limit, judged);
  }

  /** Paced subscribers by exact repository and by pattern. */
  pacedCounts(): ReadonlyMap<string, number> {
    return this.#index.pacedCounts();
  }

  /** Whether a fan-out is under way. */
  get fanningOut(): boolean {
    return this.#fanOut.busy;
  }

  /** A connection without subscriptions yet. */
  connect(options: SubscriberOptions): Subscriber {
    const subscriber = new Subscriber(this.#nextNumber++ >>> 0, options, this.#options.clock.monotonic());
    this.table.add(subscriber);
    return subscriber;
  }

  /**
   * Adds a subscription. The transport has checked that the grant allows it and that its id is new to this
   * connection. What follows (`subscribed`, a reset, state, replayed changes, `ready`) comes through the sink.
   *
   * @throws SUBSCRIPTION_LIMIT or TOO_MANY_CONNECTIONS where it would be more than may be asked for; the
   * connection then stands as before
   */
  subscribe(subscriber: Subscriber, asked: SubscriptionRequest): void {
    if (subscriber.state === 'closed') return;
    const { id, start, snapshot } = asked;
    const filter = this.#interests.hold(asked.filter, subscriber.owner, subscriber.filters());
    const request = { id, filter, start, snapshot };
    const { head } = this.#fanOut;
    const fromNow = request.start.kind === 'live' && !request.snapshot;
    const caughtUp =
      subscriber.state === 'live' || (subscriber.subscriptions.length === 0 && !subscriber.feeding);
    if (fromNow && caughtUp && subscriber.joining === null) {
      // Nearly all subscriptions: live from now on, on a connection that has nothing to catch up with.
      if (subscriber.subscriptions.length === 0) this.#place(subscriber, head);
      this.#activate(subscriber, request, head);
      this.#delivery.tell(subscriber, { kind: 'subscribed', id: request.id });
      if (subscriber.state === 'live') return this.#delivery.tellReady(subscriber);
      if (subscriber.blockedAt === 0) return this.#delivery.goLive(subscriber);
      return this.#feed(subscriber);
    }
    if (subscriber.state === 'live') this.#delivery.fallBehind(subscriber);
    // A live start is where the head is now, not where it will be when the feeder gets to it.
    const cursor = fromNow ? head : null;
    subscriber.joining ??= [];
    subscriber.joining.push({ request, cursor, told: fromNow, lost: null });
    if (fromNow) this.#delivery.tell(subscriber, { kind: 'subscribed', id: request.id });
    this.#feed(subscriber);
  }

  /** False where the connection has no such subscription. */
  unsubscribe(subscriber: Subscriber, id: string): boolean {
    const leaving = subscriber.subscriptions.find((each) => each.id === id);
    for (const { request } of subscriber.joining ?? [])
      if (request.id === id) this.#interests.release(request.filter, subscriber.owner);
    const joining = subscriber.joining?.filter((each) => each.request.id !== id) ?? [];
    const left = joining.length < (subscriber.joining?.length ?? 0);
    subscriber.joining = joining.length > 0 ? joining : null;
    subscriber.unready = subscriber.unready?.filter((each) => each !== id) ?? null;
    if (leaving === undefined) return left;
    this.#interests.release(leaving.group.filter, subscriber.owner);
    subscriber.subscriptions = subscriber.subscriptions.filter((each) => each !== leaving);
    if (!subscriber.subscriptions.some((each) => each.group === leaving.group)) {
      this.#index.remove(subscriber, leaving.group);
    }
    return true;
  }

  /** The connection is gone. Idempotent. */
  disconnect(subscriber: Subscriber): void {
    if (subscriber.state === 'closed') return;
    subscriber.state = 'closed';
    this.table.remove(subscriber);
    for (const filter of subscriber.filters()) this.#interests.release(filter, subscriber.owner);
    for (const { group } of subscriber.subscriptions) this.#index.remove(subscriber, group);
    subscriber.subscriptions = [];
    subscriber.joining = null;
    this.pacer.leave(subscriber);
    subscriber.wake();
  }

  /** The resume position by now: everything at or before it has been delivered. */
  resumeOf(subscriber: Subscriber): string {
    return this.#delivery.resumePosition(subscriber);
  }

  /**
   * Whether the subscriber knows where it stands: not before its first start is resolved, nor after continuity
   * was lost until it was told. A position that it can't place must not be its bookmark.
   */
  isPlaced(subscriber: Subscriber): boolean {
    if (subscriber.lost !== null) return false;
    return subscriber.state === 'live' || subscriber.subscriptions.length > 0;
  }

  /** Ends one connection with a last bookmark. */
  dismiss(subscriber: Subscriber, why: Farewell, retryMs: number): void {
    if (subscriber.state === 'closed') return;
    const bookmark = this.isPlaced(subscriber) ? this.resumeOf(subscriber) : '';
    subscriber.sink.end(why, bookmark, retryMs);
    this.disconnect(subscriber);
  }

  /** Why this subscriber is to be closed, if it is; asked by the heartbeat as it passes. */
  overdue(subscriber: Subscriber): 'TOO_SLOW' | 'LIFETIME' | null {
    const now = this.#options.clock.monotonic();
    const stalledMs = this.#options.stalledTimeoutMs ?? 60_000;
    if (subscriber.blockedAt > 0 && now - subscriber.blockedAt > stalledMs) return 'TOO_SLOW';
    const lifetimeMs = this.#options.connectionLifetimeMs;
    if (lifetimeMs === undefined) return null;
    // Each at its own time between 80 and 100 % of it, so that those who came together do not leave together.
    const share = 0.8 + 0.2 * ((Math.imul(subscriber.number, 0x9e3779b1) >>> 0) / 2 ** 32);
    return now - subscriber.connectedAtSeconds * 1_000 > lifetimeMs * share ? 'LIFETIME' : null;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopTail();
    this.#fanOut.close();
    this.pacer.close();
    for (const subscriber of this.table) this.disconnect(subscriber);
  }

  #hear(event: TailEvent): void {
    if (event.kind === 'reset') this.#reset(event.bounds);
    else this.#fanOut.push(event.changes);
  }

  /** Fan-out or pace can't keep up: these are left at their resume positions, and catch up from the ledger. */
  #leaveBehind(whom: (subscriber: Subscriber) => boolean): void {
    this.#metrics.overrun();
    for (const subscriber of this.table) {
      if (subscriber.state === 'live' && whom(subscriber)) this.#delivery.fallBehind(subscriber);
    }
    this.#wakeUp.all();
  }

  #reset(bounds: Bounds): void {
    this.#fanOut.restart(bounds);
    this.history.clear();
    this.pacer.clear();
    for (const subscriber of this.table) {
      // Sequences of the old epoch say nothing in the new one.
      subscriber.subscriptions = subscriber.subscriptions.map((each) => ({ ...each, from: bounds.head }));
      subscriber.newestFrom = bounds.head;
      subscriber.cursor = bounds.head;
      subscriber.liveFrom = bounds.head;
      subscriber.considered = bounds.head;
      subscriber.ahead = null;
      for (const joining of subscriber.joining ?? []) {
        joining.cursor = null;
        if (joining.told) joining.lost = 'continuity-lost';
      }
      if (subscriber.subscriptions.length === 0) continue;
      // The feeder tells it, as fast as the socket takes it.
      subscriber.state = 'behind';
      subscriber.lost = bounds;
      subscriber.unready = subscriber.subscriptions.map((each) => each.id);
    }
    this.#wakeUp.all();
  }

  /** Puts a connection without subscriptions at `sequence`. */
  #place(subscriber: Subscriber, sequence: number): void {
    subscriber.state = 'behind';
    subscriber.cursor = sequence;
    subscriber.newestFrom = 0;
    subscriber.lost = null;
  }

  #activate(subscriber: Subscriber, request: SubscriptionRequest, from: number): void {
    const group = this.#index.add(subscriber, request.filter, subscriber.grant);
    subscriber.subscriptions = [...subscriber.subscriptions, { id: request.id, group, from }];
    subscriber.newestFrom = Math.max(subscriber.newestFrom, from);
    subscriber.unready ??= [];
    subscriber.unready.push(request.id);
  }

  #feed(subscriber: Subscriber): void {
    if (subscriber.feeding || subscriber.state !== 'behind') return subscriber.wake();
    subscriber.feeding = true;
    feed(subscriber, this.#feederPort)
      .catch((error: unknown) => {
        this.#options.log.error({ error: String(error) }, 'feed subscriber: failed');
        this.dismiss(subscriber, 'INTERNAL', 1_000 + this.#options.random() * 4_000);
      })
      .finally(() => {
        subscriber.feeding = false;
        // It may have fallen behind again between its last step and now.
        if (subscriber.state === 'behind') this.#feed(subscriber);
      });
  }
}

function positionOf({ change }: Frame): string {
  return formatPosition(change.epoch, change.sequence);
}
