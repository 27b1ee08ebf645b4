import type { FeedError } from '../feed-error.ts';
import { Listeners } from '../listeners.ts';
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
  readonly #listeners = new Listeners<FeedStatus>();
  #now: FeedStatus = { state: 'idle' };

  get now(): FeedStatus {
    return this.#now;
  }

  /** Returns an idempotent stop. */
  on(listener: (status: FeedStatus) => void): () => void {
    return this.#listeners.add(listener);
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
    const isNews = status.state === 'waiting' || status.state !== before.state;
    if (isNews || transportOf(status) !== transportOf(before)) this.#listeners.tell(status);
  }
}

function transportOf(status: FeedStatus): TransportName | null {
  return 'transport' in status ? status.transport : null;
}
