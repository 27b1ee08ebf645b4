import type { Deliverer } from './deliverer.ts';
import type { GroupIndex } from './group-index.ts';
import type { HubMetrics } from './hub-metrics.ts';
import type { Interests } from './interests.ts';
import type { Pacer } from './pace/pacer.ts';
import type { Farewell } from './sink.ts';
import type { EndReason } from './stream-metrics.ts';
import type { Subscriber, SubscriberTable, SubscriptionRequest } from './subscriber.ts';

interface SubscriptionsParts {
  readonly table: SubscriberTable;
  readonly index: GroupIndex;
  readonly interests: Interests;
  readonly pacer: Pacer;
  readonly deliverer: Deliverer;
  readonly metrics: Pick<HubMetrics, 'streams'>;
}

/** All connections and their subscriptions. Keeps table, index and interests consistent. */
export class Subscriptions {
  readonly #parts: SubscriptionsParts;

  constructor(parts: SubscriptionsParts) {
    this.#parts = parts;
  }

  /** A subscription has caught up with its connection: it gets changes after `from`. Its filter is held already. */
  activate(subscriber: Subscriber, request: SubscriptionRequest, from: number): void {
    const group = this.#parts.index.add(subscriber, request.filter, subscriber.grant);
    const { subscriptions, unready } = subscriber;
    const added = { id: request.id, group, from };
    // Nearly always the only one. An array that grows has room for seventeen.
    subscriber.subscriptions = subscriptions.length === 0 ? [added] : [...subscriptions, added];
    subscriber.newestFrom = Math.max(subscriber.newestFrom, from);
    if (unready === null) subscriber.unready = [request.id];
    else unready.push(request.id);
  }

  /** Ends a subscription. False: the connection has none of this id. */
  remove(subscriber: Subscriber, id: string): boolean {
    const { index, interests } = this.#parts;
    const leaving = subscriber.subscriptions.find((each) => each.id === id);
    for (const { request } of subscriber.joining ?? [])
      if (request.id === id) interests.release(request.filter, subscriber.owner);
    const joining = subscriber.joining?.filter((each) => each.request.id !== id) ?? [];
    const left = joining.length < (subscriber.joining?.length ?? 0);
    subscriber.joining = joining.length > 0 ? joining : null;
    subscriber.unready = subscriber.unready?.filter((each) => each !== id) ?? null;
    if (leaving === undefined) return left;
    interests.release(leaving.group.filter, subscriber.owner);
    subscriber.subscriptions = subscriber.subscriptions.filter((each) => each !== leaving);
    if (!subscriber.subscriptions.some((each) => each.group === leaving.group)) {
      index.remove(subscriber, leaving.group);
    }
    return true;
  }

  /** Removes a connection that is gone. Idempotent. */
  disconnect(subscriber: Subscriber, reason: EndReason): void {
    if (subscriber.state === 'closed') return;
    this.#noteEnd(subscriber, reason);
    const { table, index, interests, pacer } = this.#parts;
    subscriber.state = 'closed';
    table.remove(subscriber);
    for (const filter of subscriber.filters()) interests.release(filter, subscriber.owner);
    for (const { group } of subscriber.subscriptions) index.remove(subscriber, group);
    subscriber.subscriptions = [];
    subscriber.joining = null;
    pacer.leave(subscriber);
    subscriber.wake();
  }

  dismiss(subscriber: Subscriber, why: Farewell, retryMs: number): void {
    if (subscriber.state === 'closed') return;
    const bookmark = subscriber.isPlaced ? this.#parts.deliverer.resumePosition(subscriber) : '';
    // Before the sink, which may report that the connection is gone.
    this.#noteEnd(subscriber, why);
    subscriber.sink.end(why, bookmark, retryMs);
    this.disconnect(subscriber, why);
  }

  #noteEnd(subscriber: Subscriber, reason: EndReason): void {
    if (subscriber.opened) this.#parts.metrics.streams.ended(reason);
    subscriber.opened = false;
  }
}
