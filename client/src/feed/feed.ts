/** A gateway to follow: the one object that a program holds. */
import { systemClock } from '../clock.ts';
import type { FeedEvent } from '../events.ts';
import { FeedError } from '../feed-error.ts';
import type { Filter } from '../filter.ts';
import { runtimeFetch, runtimeWebSocket } from '../runtime.ts';
import { Saver } from '../store/saver.ts';
import { EventIterator } from '../stream/iterator.ts';
import { type Beginning, Stream, type StreamParts } from '../stream/stream.ts';
import { TagTable, type TagTableOptions } from '../tags/table.ts';
import { longPollTransport } from '../transport/long-poll.ts';
import { sseTransport } from '../transport/sse.ts';
import { webSocketTransport } from '../transport/websocket.ts';
import { baseUrl } from './base-url.ts';
import { TransportChoice } from './choice.ts';
import type { EventsOptions, FeedOptions } from './options.ts';
import { type FeedStatus, StatusBoard } from './status.ts';
import { TokenSource } from './token.ts';
import { Bell, pageWakeUps } from './wake-ups.ts';

/** The filter of a tag table: the table itself takes the snapshot, and needs every change of a tag. */
export type TagFilter = Omit<Filter, 'type' | 'snapshot'>;

/**
 * Opens a feed. There is no traffic yet.
 *
 * @param url of the gateway, with the path that a proxy puts before it; in a page it may be relative
 * @throws TypeError if the URL is none of a gateway
 */
export function openFeed(url: string | URL, options: FeedOptions = {}): Feed {
  return new Feed(baseUrl(url), options);
}

export class Feed {
  readonly #parts: StreamParts;
  readonly #board = new StatusBoard();
  readonly #store: FeedOptions['store'];
  readonly #running = new Set<EventIterator>();
  /** Who keeps its position in the store. */
  #storeUser: EventIterator | null = null;
  #isClosed = false;

  /** Use `openFeed`. */
  constructor(url: string, options: FeedOptions) {
    const { clock = systemClock, random = Math.random, fetch = runtimeFetch } = options;
    const { WebSocket = runtimeWebSocket(), transport = 'auto', wakeUps = pageWakeUps() } = options;
    const parts = { url, clock, fetch, WebSocket };
    this.#store = options.store;
    this.#parts = {
      ...{ ...parts, random },
      token: new TokenSource(options.token ?? null, clock),
      choice: new TransportChoice(transport, WebSocket !== null),
      bell: new Bell(wakeUps),
      transports: {
        websocket: webSocketTransport(parts),
        sse: sseTransport(parts),
        'long-poll': longPollTransport(parts),
      },
    };
  }

  /** How the feed is now. */
  get status(): FeedStatus {
    return this.#board.now;
  }

  /** Calls the listener at each new status. Returns an idempotent stop. */
  on(_status: 'status', listener: (status: FeedStatus) => void): () => void {
    return this.#board.on(listener);
  }

  /**
   * Follows what a filter matches. It begins at the first `next`, and goes on over lost connections until `break`, the
   * signal, `close`, or a refusal that no later attempt can change: that rejects with a FeedError. With a store, only one
   * stream at a time can keep its position there; the next one gets a FeedError `STORE`.
   *
   * @throws Error if the feed is closed
   */
  events(
    filter: Filter = {},
    { after, since, signal }: EventsOptions = {},
  ): AsyncIterableIterator<FeedEvent, undefined> {
    const saver = new Saver(this.#store ?? null);
    const from = since instanceof Date ? since.toISOString() : (since ?? null);
    const beginning = { after: after === undefined ? () => saver.load() : async () => after, since: from };
    return this.#follow(filter, beginning, { saver, signal, keeps: this.#store !== undefined });
  }

  /** Keeps a table of what the matching tags point at. It begins at once. @throws Error if the feed is closed */
  tags(filter: TagFilter = {}, options: TagTableOptions = {}): TagTable {
    const beginning = { after: async () => null, since: null };
    const parts = { saver: new Saver(null), signal: undefined, keeps: false };
    const events = this.#follow({ ...filter, snapshot: true }, beginning, parts);
    return new TagTable(events, options);
  }

  /** Ends all waits: streams that wait connect at once. */
  reconnect(): void {
    this.#parts.bell.ring();
  }

  /** Ends all streams. Resolves once their positions are saved. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#running].map((each) => each.return()));
    this.#board.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #follow(filter: Filter, beginning: Beginning, { saver, signal, keeps }: FollowParts): EventIterator {
    if (this.#isClosed) throw new Error('follow: the feed is closed: must be open');
    const stream = new Stream(this.#parts, filter);
    const leave = () => void iterator.return();
    const iterator: EventIterator = new EventIterator(
      {
        buffer: stream.buffer,
        start: () => {
          if (this.#isClosed || signal?.aborted) return stream.stop();
          if (keeps && this.#storeUser !== null) return stream.buffer.end(storeInUse());
          if (keeps) this.#storeUser = iterator;
          this.#running.add(iterator);
          signal?.addEventListener('abort', leave);
          void stream.run(beginning, this.#board.enter());
        },
        stop: () => {
          stream.stop();
          signal?.removeEventListener('abort', leave);
          this.#running.delete(iterator);
          if (this.#storeUser === iterator) this.#storeUser = null;
        },
      },
      saver,
    );
    return iterator;
  }
}

interface FollowParts {
  readonly saver: Saver;
  readonly signal: AbortSignal | undefined;
  /** Whether the saver writes to the feed's store. */
  readonly keeps: boolean;
}

function storeInUse(): FeedError {
  const message = 'follow: the store is in use by another stream: must be in a feed of its own';
  return new FeedError('STORE', message);
}
