import type { Change } from '../event/change.ts';
import type { Filter } from '../event/filter.ts';
import { allowsAndMatches, type Grant } from '../event/grant.ts';
import type { Bounds } from '../ledger/ledger.ts';
import type { ResetReason, Sink } from './sink.ts';

/** Subscribers with the same filter and the same grant, which get the same changes. */
export class Group {
  readonly filter: Filter;
  readonly grant: Grant;
  /** Subscribers that get changes as they come. */
  readonly unpaced = new Set<Subscriber>();
  readonly paced = new Set<Subscriber>();
  /** The last round of matching that judged it: a group reached in two ways is judged once. */
  judgedIn = 0;

  constructor(filter: Filter, grant: Grant) {
    this.filter = filter;
    this.grant = grant;
  }

  matches(change: Change, repositoryKey: string): boolean {
    return allowsAndMatches(this.grant, this.filter, change, repositoryKey);
  }

  /** Whether a change of the same tag may take the place of an earlier one that matched. */
  mayReplace(earlier: Change, change: Change, repositoryKey: string): boolean {
    return this.filter.mayReplace(change) && this.matches(earlier, repositoryKey);
  }

  get size(): number {
    return this.unpaced.size + this.paced.size;
  }
}

/** Where a subscription begins. */
export type Start =
  | { readonly kind: 'live' }
  | { readonly kind: 'after'; readonly epoch: string; readonly sequence: number }
  /** Changes recorded at or after `time`, ms since the epoch. */
  | { readonly kind: 'since'; readonly time: number };

/** What a client asks for. */
export interface SubscriptionRequest {
  /** The client's name for it; '' if a connection has only one. */
  readonly id: string;
  readonly filter: Filter;
  readonly start: Start;
  /** Send the current state of the matching tags first, unless the client can resume at `start`. */
  readonly snapshot: boolean;
}

interface Subscription {
  readonly id: string;
  readonly group: Group;
  /** Changes up to this sequence are not for this subscription. */
  readonly from: number;
}

/** A new subscription. It replays alone up to the position of the connection's others, then joins them. */
export interface Joining {
  readonly request: SubscriptionRequest;
  /** Everything up to this sequence has been replayed; null: `start` is not resolved yet. */
  cursor: number | null;
  /** Whether `subscribed` was sent. */
  told: boolean;
  /** Not null: it cannot continue, so it begins at the head, with a reset for this reason. */
  lost: ResetReason | null;
}

const noFilters: readonly Filter[] = [];
const noIds: readonly string[] = [];
/** Most repositories that narrow a read of the ledger: passing on more takes longer than matching. */
const maxNarrowed = 1_000;

/** What a connection is known by. */
export interface SubscriberOptions {
  readonly sink: Sink;
  /** The token or address that its filters are charged to; '': all share one account. Default ''. */
  readonly owner?: string;
  readonly grant: Grant;
  readonly paced: boolean;
  readonly conflate: boolean;
}

/**
 * One connection: a cursor, not a queue. While `live` it gets each change as it comes. When its socket stops
 * draining it is `behind`: it remembers only its position, and is fed from the ledger. Transports call `drained()`,
 * and may set owner, grant, `paced` and `conflate` until the first subscription. Only fan-out sets the rest.
 */
export class Subscriber {
  readonly sink: Sink;
  /** The token or address that its filters are charged to. The first subscription fixes this and the next three. */
  owner: string;
  grant: Grant;
  paced: boolean;
  conflate: boolean;
  /** uint32, rising with each connection. The pace shuffles by it. */
  readonly number: number;
  state: 'live' | 'behind' | 'closed' = 'behind';
  subscriptions: readonly Subscription[] = [];
  /** Null: none, as nearly always. */
  joining: Joining[] | null = null;
  /** While behind: everything up to it has been delivered. While live: a lower bound of that. */
  cursor = 0;
  /** Where it went live: it has all older changes. */
  liveFrom = 0;
  /** The highest `from` of its subscriptions. */
  newestFrom = 0;
  /** The newest change that fan-out has considered for it. */
  considered = 0;
  /** Changes above the resume position that it already has: early ones, and those that conflation replaced. */
  ahead: Set<number> | null = null;
  /** Not null: continuity was lost. The subscriber must get a reset first, and continues in this ledger. */
  lost: Bounds | null = null;
  /** Subscriptions that wait for `ready`; null: none. */
  unready: string[] | null = null;
  /** When its socket stopped draining, monotonic ms; 0: it drains. */
  blockedAt = 0;
  /** Its row in the hub's table. */
  row = -1;
  feeding = false;
  /** Whether it had a subscription, so that it counts as a stream. */
  opened = false;
  /** When it connected, monotonic seconds. */
  readonly connectedAtSeconds: number;
  #wake: (() => void) | null = null;

  constructor(number: number, options: SubscriberOptions, nowMs: number) {
    this.number = number;
    this.connectedAtSeconds = Math.floor(nowMs / 1000);
    this.sink = options.sink;
    this.owner = options.owner ?? '';
    this.grant = options.grant;
    this.paced = options.paced;
    this.conflate = options.conflate;
  }

  /** The socket has sent everything queued. */
  drained(): void {
    this.blockedAt = 0;
    this.wake();
  }

  wake(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  /** Resolves at the next `wake()`. */
  sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Whether it has a position to bookmark: not before its start is resolved, nor while it waits for a `reset`. */
  get isPlaced(): boolean {
    return this.lost === null && (this.state === 'live' || this.subscriptions.length > 0);
  }

  /** Puts it at `sequence`, before its first subscription. */
  place(sequence: number): void {
    this.state = 'behind';
    this.cursor = sequence;
    this.newestFrom = 0;
    this.lost = null;
  }

  /** Continuity was lost: sequences of the old epoch mean nothing in the new one. Its feeder sends the reset. */
  restart(bounds: Bounds): void {
    this.subscriptions = this.subscriptions.map((each) => ({ ...each, from: bounds.head }));
    this.newestFrom = bounds.head;
    this.cursor = bounds.head;
    this.liveFrom = bounds.head;
    this.considered = bounds.head;
    this.ahead = null;
    for (const joining of this.joining ?? []) {
      joining.cursor = null;
      if (joining.told) joining.lost = 'continuity-lost';
    }
    if (this.subscriptions.length === 0) return;
    this.state = 'behind';
    this.lost = bounds;
    this.unready = this.subscriptions.map((each) => each.id);
  }

  /** The filters of its subscriptions, joining ones included. */
  filters(): readonly Filter[] {
    if (this.subscriptions.length === 0 && this.joining === null) return noFilters;
    return [
      ...this.subscriptions.map((each) => each.group.filter),
      ...(this.joining ?? []).map((each) => each.request.filter),
    ];
  }

  /** The ids of its subscriptions, joining ones included. */
  ids(): readonly string[] {
    if (this.subscriptions.length === 0 && this.joining === null) return noIds;
    return [
      ...this.subscriptions.map((each) => each.id),
      ...(this.joining ?? []).map((each) => each.request.id),
    ];
  }

  /** Whether one of its subscriptions wants this change. */
  wants(change: Change, repositoryKey: string): boolean {
    for (const subscription of this.subscriptions) {
      if (change.sequence > subscription.from && subscription.group.matches(change, repositoryKey))
        return true;
    }
    return false;
  }

  /** Whether it wants this change in place of an earlier one of the same tag, which it wants too. */
  wantsInstead(earlier: Change, change: Change, repositoryKey: string): boolean {
    if (this.wants(change, repositoryKey)) return true;
    return this.subscriptions.some(
      ({ from, group }) => earlier.sequence > from && group.mayReplace(earlier, change, repositoryKey),
    );
  }

  /** The lowest position of the joining subscriptions; no resume position may pass it. */
  lowestJoining(): number {
    let lowest = Number.POSITIVE_INFINITY;
    for (const { cursor } of this.joining ?? []) if (cursor !== null) lowest = Math.min(lowest, cursor);
    return lowest;
  }

  /** Its exact repositories, to narrow a read; undefined: there is a pattern, or the whole log is read faster. */
  exactRepositories(): readonly string[] | undefined {
    const all: string[] = [];
    for (const { group } of this.subscriptions) {
      if (group.filter.patterns.length > 0) return undefined;
      all.push(...group.filter.repositories);
      if (all.length > maxNarrowed) return undefined;
    }
    return all;
  }
}

/** All subscribers, in rows that are reused, so that a heartbeat can walk them by number. */
export class SubscriberTable implements Iterable<Subscriber> {
  readonly #rows: (Subscriber | null)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#rows.length - this.#free.length;
  }

  /** Rows, used or not. */
  get length(): number {
    return this.#rows.length;
  }

  at(row: number): Subscriber | null {
    return this.#rows[row] ?? null;
  }

  add(subscriber: Subscriber): void {
    subscriber.row = this.#free.pop() ?? this.#rows.length;
    this.#rows[subscriber.row] = subscriber;
  }

  remove(subscriber: Subscriber): void {
    if (this.#rows[subscriber.row] !== subscriber) return;
    this.#rows[subscriber.row] = null;
    this.#free.push(subscriber.row);
  }

  *[Symbol.iterator](): Iterator<Subscriber> {
    for (const subscriber of this.#rows) if (subscriber !== null) yield subscriber;
  }
}
