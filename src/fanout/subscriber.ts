import type { Change } from '../event/change.ts';
import type { Filter } from '../event/filter.ts';
import { allowsAndMatches, type Grant } from '../event/grant.ts';
import type { Bounds } from '../ledger/ledger.ts';
import type { ResetReason, Sink } from './sink.ts';

/** Subscribers with the same filter and the same grant: all of them get the same changes. */
export class Group {
  readonly filter: Filter;
  readonly grant: Grant;
  /** Subscribers that take changes as they come. */
  readonly unpaced = new Set<Subscriber>();
  readonly paced = new Set<Subscriber>();
  /** The round of matching that judged it last: a group reached in two ways is judged once. */
  judgedIn = 0;

  constructor(filter: Filter, grant: Grant) {
    this.filter = filter;
    this.grant = grant;
  }

  matches(change: Change, repositoryKey: string): boolean {
    return allowsAndMatches(this.grant, this.filter, change, repositoryKey);
  }

  get size(): number {
    return this.unpaced.size + this.paced.size;
  }
}

/** From where a subscription begins. */
export type Start =
  | { readonly kind: 'live' }
  | { readonly kind: 'after'; readonly epoch: string; readonly sequence: number }
  /** Changes recorded at or after `time`, ms since the epoch. */
  | { readonly kind: 'since'; readonly time: number };

export interface SubscriptionRequest {
  /** The client's name for it; '' where a connection has only one. */
  readonly id: string;
  readonly filter: Filter;
  readonly start: Start;
  /** First the current state of the matching tags. Not sent when `start` could be honoured by resuming. */
  readonly snapshot: boolean;
}

export interface Subscription {
  readonly id: string;
  readonly group: Group;
  /** Changes up to this sequence are not for this subscription. */
  readonly from: number;
}

/** A subscription on its way in: it replays alone, up to where the connection's others stand, then joins them. */
export interface Joining {
  readonly request: SubscriptionRequest;
  /** Everything up to this sequence has been replayed; null: `start` is not resolved yet. */
  cursor: number | null;
  /** Whether the client has been told `subscribed`. */
  told: boolean;
  /** Not null: what it had begun can't go on, so it begins at the head, with a reset that says why. */
  lost: ResetReason | null;
}

const noFilters: readonly Filter[] = [];
const noIds: readonly string[] = [];
/** Repositories that a read of the ledger is narrowed to: to hand on more takes longer than to match. */
const maxNarrowed = 1_000;

export interface SubscriberOptions {
  readonly sink: Sink;
  /** The token or address that its filters are charged to; '': all share one account. Default ''. */
  readonly owner?: string;
  readonly grant: Grant;
  readonly paced: boolean;
  readonly conflate: boolean;
}

/**
 * One connection. A cursor, not a queue: while `live` it gets each change as it comes; when its socket stops
 * draining it is `behind`, remembers only where it stands, and is fed from the ledger. Transports call `drained()`,
 * and may set owner, grant, `paced` and `conflate` until the first subscription; all else belongs to fan-out.
 */
export class Subscriber {
  readonly sink: Sink;
  /** The token or address that its filters are charged to. The first subscription fixes it. */
  owner: string;
  /** The first subscription fixes these three. */
  grant: Grant;
  paced: boolean;
  conflate: boolean;
  /** uint32, rising with each connection: the pace's shuffle goes by it. */
  readonly number: number;
  state: 'live' | 'behind' | 'closed' = 'behind';
  subscriptions: readonly Subscription[] = [];
  /** Null when there is none, as for nearly all subscribers nearly always. */
  joining: Joining[] | null = null;
  /** While behind: everything up to it has been delivered. While live: a lower bound of that. */
  cursor = 0;
  /** Where it went live: what is older reached it before. */
  liveFrom = 0;
  /** The highest `from` of its subscriptions. */
  newestFrom = 0;
  /** The newest change that fan-out has considered for it. */
  considered = 0;
  /** Changes above the resume position that it already has: overtakers, and what conflation replaced. */
  ahead: Set<number> | null = null;
  /** Not null: continuity was lost, which it is to be told first of all; it goes on in this ledger. */
  lost: Bounds | null = null;
  /** Subscriptions that still want `ready`; null when there is none. */
  unready: string[] | null = null;
  /** Since when its socket has not drained, monotonic ms; 0 while it does. */
  blockedAt = 0;
  /** Its row in the hub's table. */
  row = -1;
  feeding = false;
  /** Monotonic seconds; for those whose lifetime is limited. */
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

  /** The socket took all that was queued. */
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

  /**
   * Whether it has a position. It has none before its first start is resolved, nor between a loss of continuity and
   * the `reset` that tells it so. Without one it gets no bookmark.
   */
  get isPlaced(): boolean {
    return this.lost === null && (this.state === 'live' || this.subscriptions.length > 0);
  }

  /** Puts it, without subscriptions yet, at `sequence`. */
  place(sequence: number): void {
    this.state = 'behind';
    this.cursor = sequence;
    this.newestFrom = 0;
    this.lost = null;
  }

  /** Continuity was lost: sequences of the old epoch mean nothing in the new one. Its feeder will tell it. */
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

  /** The filters of its subscriptions, and of those on their way in. */
  filters(): readonly Filter[] {
    // Nearly always.
    if (this.subscriptions.length === 0 && this.joining === null) return noFilters;
    return [
      ...this.subscriptions.map((each) => each.group.filter),
      ...(this.joining ?? []).map((each) => each.request.filter),
    ];
  }

  /** Of its subscriptions, and of those on their way in. */
  ids(): readonly string[] {
    if (this.subscriptions.length === 0 && this.joining === null) return noIds;
    return [
      ...this.subscriptions.map((each) => each.id),
      ...(this.joining ?? []).map((each) => each.request.id),
    ];
  }

  /** Whether one of its subscriptions is to have this change. */
  wants(change: Change, repositoryKey: string): boolean {
    for (const subscription of this.subscriptions) {
      if (change.sequence > subscription.from && subscription.group.matches(change, repositoryKey))
        return true;
    }
    return false;
  }

  /** The lowest position of the subscriptions still on their way in; resume positions may not pass it. */
  lowestJoining(): number {
    let lowest = Number.POSITIVE_INFINITY;
    for (const { cursor } of this.joining ?? []) if (cursor !== null) lowest = Math.min(lowest, cursor);
    return lowest;
  }

  /**
   * Exact repositories of all its subscriptions for a narrowed read; undefined where a pattern is among them, or
   * where they are so many that the whole log is read faster.
   */
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
