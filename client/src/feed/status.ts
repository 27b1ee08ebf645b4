import type { FeedError } from '../feed-error.ts';
import type { TransportName } from '../transport/transport.ts';

/** How a feed is. With several streams it tells of the one that is worst off. */
export type FeedStatus =
  /** Nothing was asked for yet, or nothing is any more. */
  | { readonly state: 'idle' }
  /** Until `ready`: the connection is being made, or the past is read. */
  | { readonly state: 'connecting'; readonly transport: TransportName }
  | { readonly state: 'live'; readonly transport: TransportName }
  /** Until `untilMs` (since the epoch), or `reconnect`. `why`: what went wrong. */
  | { readonly state: 'waiting'; readonly untilMs: number; readonly why: FeedError }
  /** `error`: the refusal that ended the last stream. Null: `close` was called. */
  | { readonly state: 'closed'; readonly error: FeedError | null };

/** Tells one stream's status. */
export interface StatusOf {
  set(status: FeedStatus): void;
  /** The stream is over. Idempotent. */
  leave(error: FeedError | null): void;
}

const badness = { idle: 0, live: 1, connecting: 2, waiting: 3, closed: 4 } as const;

/** Makes one status out of those of all streams, and tells listeners when it changes. */
export class StatusBoard {
  readonly #streams = new Map<object, FeedStatus>();
  readonly #listeners = new Set<(status: FeedStatus) => void>();
  #now: FeedStatus = { state: 'idle' };

  get now(): FeedStatus {
    return this.#now;
  }

  /** Returns an idempotent stop. */
  on(listener: (status: FeedStatus) => void): () => void {
    const own = (status: FeedStatus) => listener(status);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  enter(): StatusOf {
    const key = {};
    return {
      set: (status) => {
        this.#streams.set(key, status);
        this.#show(this.#worst());
      },
      leave: (error) => {
        if (!this.#streams.delete(key)) return;
        if (this.#streams.size > 0) this.#show(this.#worst());
        else this.#show(error === null ? { state: 'idle' } : { state: 'closed', error });
      },
    };
  }

  /** The feed is closed: this is the last status. */
  close(): void {
    this.#streams.clear();
    this.#show({ state: 'closed', error: null });
  }

  #worst(): FeedStatus {
    return [...this.#streams.values()].reduce((worst, each) =>
      badness[each.state] > badness[worst.state] ? each : worst,
    );
  }

  #show(status: FeedStatus): void {
    const before = this.#now;
    this.#now = status;
    if (status.state === before.state && status.state !== 'waiting' && !hasMoved(status, before)) return;
    for (const listener of this.#listeners) callSafely(listener, status);
  }
}

function hasMoved(status: FeedStatus, before: FeedStatus): boolean {
  if (!('transport' in status) || !('transport' in before)) return false;
  return status.transport !== before.transport;
}

/** Calls a listener; what it throws reaches the runtime's own handler, and disturbs no stream. */
export function callSafely<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
