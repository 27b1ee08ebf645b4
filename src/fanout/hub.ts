/**
 * The hub: takes each change from the ledger's tail and gives it to exactly those who wait for it. It owns the
 * table of subscribers, the index of their groups and the order of fan-out. A subscriber that can't take a
 * change is left behind with nothing but its position; the feeder brings it back. Never encodes for a
 * transport, never decides what a change is.
 */
import type { Change } from '../event/change.ts';
import { formatPosition } from '../event/position.ts';
import type { Bounds, Ledger, TailEvent } from '../ledger/ledger.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { Random } from '../lib/random.ts';
import type { PaceOptions } from '../pacing/rules.ts';
import { type FeederPort, feed, lowestJoining, tellResetToAll } from './feeder.ts';
import { Frame } from './frame.ts';
import { GroupIndex } from './group.ts';
import { History, type HistoryOptions } from './history.ts';
import { HubMetrics } from './hub-metrics.ts';
import { Pacer } from './pacer.ts';
import type { Farewell } from './sink.ts';
import { Subscriber, type SubscriberOptions, type SubscriptionRequest } from './subscriber.ts';
import { SubscriberTable } from './table.ts';
import type { Crowd, Wave } from './wave.ts';

export interface HubOptions {
  readonly ledger: Ledger;
  readonly pace: PaceOptions;
  /** Counts of all gateways; default: this one is alone. */
  readonly crowdOf?: (repositoryKey: string, own: number) => Crowd;
  /** Told which tags of an exactly named repository are waited for; null: none any more. */
  readonly onDemand?: (repositoryKey: string, scopes: readonly string[] | null) => void;
  readonly history?: HistoryOptions;
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

/** Writes between two looks at the clock, and how long fan-out may hold the event loop, ms. */
const writesPerLook = 128;
const maxHoldMs = 10;
/** Overtakers remembered per subscriber; beyond it one may be delivered twice. */
const maxAhead = 1_024;

const aloneHere = (_key: string, own: number): Crowd => ({ node: 0, counts: [own] });

export class Hub {
  readonly table: SubscriberTable;
  readonly history: History;
  readonly pacer: Pacer;
  readonly #options: HubOptions;
  readonly #index: GroupIndex;
  readonly #metrics: HubMetrics;
  readonly #feederPort: FeederPort;
  readonly #stopTail: () => void;
  #epoch: string;
  /** The newest change whose fan-out began, and the newest whose fan-out is through. */
  #head: number;
  #settled: number;
  #queue: Frame[] = [];
  #pumping = false;
  #nextNumber = 1;
  #closed = false;

  /** Opens a hub that stands at the ledger's head. */
  static async open(options: HubOptions): Promise<Hub> {
    return new Hub(options, await options.ledger.bounds());
  }

  private constructor(options: HubOptions, bounds: Bounds) {
    this.#options = options;
    this.#epoch = bounds.epoch;
    this.#head = bounds.head;
    this.#settled = bounds.head;
    this.history = new History(options.ledger, options.history);
    this.#index = new GroupIndex(options.onDemand ?? (() => {}));
    this.table = new SubscriberTable();
    this.#metrics = new HubMetrics(options.metrics, this);
    this.pacer = new Pacer({
      pace: options.pace,
      crowdOf: options.crowdOf ?? aloneHere,
      deliver: (wave, subscriber) => this.#deliverPaced(wave, subscriber),
      clock: options.clock,
      metrics: options.metrics,
      log: options.log,
    });
    this.#feederPort = {
      ledger: options.ledger,
      history: this.history,
      clock: options.clock,
      random: options.random,
      head: () => this.head,
      activate: (subscriber, joining, from) => this.#activate(subscriber, joining.request, from),
      goLive: (subscriber) => this.#goLive(subscriber),
      write: (subscriber, frame, resume) => this.#write(subscriber, frame, resume),
      countReset: (reason) => this.#metrics.reset(reason),
      admit: (key) => this.pacer.admit(key),
      charge: (key, deliveries) => this.pacer.charge(key, deliveries),
      countSuperseded: () => this.#metrics.superseded(),
    };
    this.#stopTail = options.ledger.tail((event) => this.#hear(event));
  }

  /** Where fan-out stands. */
  get head(): { epoch: string; sequence: number } {
    return { epoch: this.#epoch, sequence: this.#head };
  }

  /** Where the past is read. */
  get sources(): { readonly history: History; readonly ledger: Ledger } {
    return { history: this.history, ledger: this.#options.ledger };
  }

  /** Paced subscribers by exact repository and by pattern. */
  pacedCounts(): ReadonlyMap<string, number> {
    return this.#index.pacedCounts();
  }

  /** Whether a fan-out is under way. */
  get fanningOut(): boolean {
    return this.#pumping;
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
   */
  subscribe(subscriber: Subscriber, request: SubscriptionRequest): void {
    if (subscriber.state === 'closed') return;
    if (this.#joinsAtOnce(subscriber, request)) {
      this.#tell(subscriber, { kind: 'subscribed', id: request.id });
      this.#activate(subscriber, request, this.#head);
      if (subscriber.state !== 'live') {
        subscriber.cursor = this.#head;
        if (subscriber.blockedAt === 0) return this.#goLive(subscriber);
        return this.#feed(subscriber);
      }
      return this.#tellReady(subscriber);
    }
    if (subscriber.state === 'live') this.#fallBehind(subscriber);
    // A live start is where the head is now, not where it will be when the feeder gets to it.
    const cursor = request.start.kind === 'live' && !request.snapshot ? this.#head : null;
    if (cursor !== null) this.#tell(subscriber, { kind: 'subscribed', id: request.id });
    subscriber.joining ??= [];
    subscriber.joining.push({ request, cursor });
    this.#feed(subscriber);
  }

  /** Nearly all subscriptions: live from now on, on a connection that has nothing to catch up with. */
  #joinsAtOnce(subscriber: Subscriber, request: SubscriptionRequest): boolean {
    if (request.start.kind !== 'live' || request.snapshot || subscriber.joining !== null) return false;
    return subscriber.state === 'live' || (subscriber.subscriptions.length === 0 && !subscriber.feeding);
  }

  /** False where the connection has no such subscription. */
  unsubscribe(subscriber: Subscriber, id: string): boolean {
    const leaving = subscriber.subscriptions.find((each) => each.id === id);
    const joining = subscriber.joining?.filter((each) => each.request.id !== id) ?? [];
    const left = joining.length < (subscriber.joining?.length ?? 0);
    subscriber.joining = joining.length > 0 ? joining : null;
    subscriber.unready = subscriber.unready?.filter((each) => each !== id) ?? null;
    if (leaving === undefined) return left;
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
    for (const { group } of subscriber.subscriptions) this.#index.remove(subscriber, group);
    subscriber.subscriptions = [];
    subscriber.joining = null;
    subscriber.wake();
  }

  /** The resume position by now: everything at or before it has been delivered. */
  resumeOf(subscriber: Subscriber): string {
    return formatPosition(this.#epoch, this.#resumeSequence(subscriber));
  }

  /** Whether nothing at all is known of where this subscriber stands (its first start is not resolved). */
  isPlaced(subscriber: Subscriber): boolean {
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
    const share = 0.8 + 0.2 * (((subscriber.number * 0x9e3779b1) >>> 0) / 2 ** 32);
    return now - subscriber.connectedAtSeconds * 1_000 > lifetimeMs * share ? 'LIFETIME' : null;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopTail();
    this.pacer.close();
    this.#queue = [];
    for (const subscriber of this.table) this.disconnect(subscriber);
  }

  #hear(event: TailEvent): void {
    if (event.kind === 'reset') return this.#reset(event.bounds);
    for (const change of event.changes) this.#enqueue(change);
    if (!this.#pumping) void this.#pump();
  }

  #enqueue(change: Change): void {
    const last = this.#queue.at(-1)?.sequence ?? this.#head;
    if (change.sequence <= last) return;
    this.#queue.push(new Frame(change));
    if (this.#queue.length > (this.#options.maxQueuedChanges ?? 10_000)) this.#skipQueue();
  }

  /** Fan-out can't keep up: everyone live is left at what is settled, and catches up from the ledger. */
  #skipQueue(): void {
    for (const subscriber of this.table) if (subscriber.state === 'live') this.#fallBehind(subscriber);
    this.#head = this.#queue.at(-1)?.sequence ?? this.#head;
    this.#queue = [];
    this.history.clear();
    this.#metrics.overrun();
    for (const subscriber of this.table) this.#feed(subscriber);
  }

  #reset(bounds: Bounds): void {
    this.#queue = [];
    this.history.clear();
    this.pacer.clear();
    this.#epoch = bounds.epoch;
    this.#head = bounds.head;
    this.#settled = bounds.head;
    for (const subscriber of this.table) {
      if (subscriber.subscriptions.length > 0) {
        tellResetToAll(subscriber, bounds, 'continuity-lost', this.#feederPort);
        subscriber.unready = subscriber.subscriptions.map((each) => each.id);
      }
      subscriber.liveFrom = bounds.head;
      subscriber.considered = 0;
      for (const joining of subscriber.joining ?? []) joining.cursor = null;
      if (subscriber.state === 'live') this.#tellReady(subscriber);
    }
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    try {
      for (let frame = this.#queue.shift(); frame !== undefined; frame = this.#queue.shift()) {
        if (this.#closed) return;
        this.#head = frame.sequence;
        this.history.push(frame);
        await this.#fanOut(frame);
        this.#settled = Math.max(this.#settled, frame.sequence);
      }
      // A reset may have moved the head while a fan-out was yielding.
      this.#settled = this.#head;
    } finally {
      this.#pumping = false;
    }
  }

  async #fanOut(frame: Frame): Promise<void> {
    const groups = this.#index.match(frame);
    let paced = 0;
    for (const group of groups) paced += group.paced.size;
    const held = paced > 0 && this.pacer.hold(frame, groups, paced);
    let startedAt = this.#options.clock.monotonic();
    let writes = 0;
    for (const group of groups) {
      for (const members of held ? [group.unpaced] : [group.unpaced, group.paced]) {
        for (const subscriber of members) {
          this.#deliver(frame, subscriber);
          if (++writes % writesPerLook === 0 && this.#options.clock.monotonic() - startedAt > maxHoldMs) {
            await new Promise(setImmediate);
            startedAt = this.#options.clock.monotonic();
          }
        }
      }
    }
  }

  #deliver(frame: Frame, subscriber: Subscriber): void {
    const { sequence } = frame;
    if (subscriber.state !== 'live' || subscriber.considered >= sequence || subscriber.liveFrom >= sequence)
      return;
    subscriber.considered = sequence;
    this.#write(subscriber, frame, this.#resumeWith(subscriber, sequence));
  }

  #deliverPaced(wave: Wave, subscriber: Subscriber): boolean {
    if (subscriber.state !== 'live' || subscriber.liveFrom >= wave.frame.sequence) return false;
    if (subscriber.ahead?.has(wave.frame.sequence)) return false;
    if (!subscriber.wants(wave.frame.change, wave.frame.key)) return false;
    let { frame } = wave;
    if (subscriber.conflate) {
      for (const later of this.pacer.laterOfSameSubject(wave)) {
        if (
          later.frame.sequence <= subscriber.liveFrom ||
          !subscriber.wants(later.frame.change, later.frame.key)
        ) {
          continue;
        }
        this.#remember(subscriber, later.frame.sequence);
        this.#metrics.superseded();
        frame = later.frame;
      }
    }
    this.#write(subscriber, frame, this.#resumeWith(subscriber, frame.sequence));
    return true;
  }

  /** The resume position once `sequence` is delivered too; what overtook is remembered. */
  #resumeWith(subscriber: Subscriber, sequence: number): number {
    if (this.pacer.idle || !subscriber.paced) return sequence;
    const heldBack = this.pacer.heldFor(subscriber, sequence);
    if (heldBack === null) {
      forgetUpTo(subscriber, sequence);
      return sequence;
    }
    this.#remember(subscriber, sequence);
    return heldBack - 1;
  }

  #remember(subscriber: Subscriber, sequence: number): void {
    subscriber.ahead ??= new Set();
    if (subscriber.ahead.size < maxAhead) subscriber.ahead.add(sequence);
  }

  #write(subscriber: Subscriber, frame: Frame, resume: number): void {
    const bytes = frame.bytes(subscriber.sink.encoding, resume);
    const taken = subscriber.sink.write(bytes);
    if (resume > subscriber.cursor) subscriber.cursor = resume;
    this.#metrics.delivered(subscriber.sink.encoding, bytes.length);
    if (!taken) this.#block(subscriber);
  }

  #fallBehind(subscriber: Subscriber): void {
    subscriber.cursor = this.#resumeSequence(subscriber);
    subscriber.state = 'behind';
  }

  #resumeSequence(subscriber: Subscriber): number {
    const lowest = lowestJoining(subscriber);
    if (subscriber.state !== 'live') return Math.min(subscriber.cursor, lowest);
    const base = Math.max(this.#settled, subscriber.cursor);
    if (this.pacer.idle || !subscriber.paced) return base;
    const heldBack = this.pacer.heldFor(subscriber, base + 1);
    return heldBack === null ? base : heldBack - 1;
  }

  #activate(subscriber: Subscriber, request: SubscriptionRequest, from: number): void {
    const group = this.#index.add(subscriber, request.filter, subscriber.grant);
    subscriber.subscriptions = [...subscriber.subscriptions, { id: request.id, group, from }];
    subscriber.unready = [...(subscriber.unready ?? []), request.id];
  }

  #goLive(subscriber: Subscriber): void {
    subscriber.state = 'live';
    subscriber.liveFrom = subscriber.cursor;
    subscriber.considered = subscriber.cursor;
    subscriber.ahead = null;
    this.#tellReady(subscriber);
  }

  #tellReady(subscriber: Subscriber): void {
    const ids = subscriber.unready ?? [];
    subscriber.unready = null;
    for (const id of ids) this.#tell(subscriber, { kind: 'ready', id, position: this.resumeOf(subscriber) });
  }

  #tell(subscriber: Subscriber, control: Parameters<Subscriber['sink']['tell']>[0]): void {
    if (!subscriber.sink.tell(control)) this.#block(subscriber);
  }

  /** Its socket is full: from now on it is fed, when it drains. */
  #block(subscriber: Subscriber): void {
    subscriber.blockedAt = this.#options.clock.monotonic();
    if (subscriber.state !== 'live') return;
    this.#fallBehind(subscriber);
    this.#feed(subscriber);
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

function forgetUpTo(subscriber: Subscriber, sequence: number): void {
  if (subscriber.ahead === null) return;
  for (const each of subscriber.ahead) if (each <= sequence) subscriber.ahead.delete(each);
  if (subscriber.ahead.size === 0) subscriber.ahead = null;
}
