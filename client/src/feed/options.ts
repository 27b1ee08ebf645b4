import type { Clock } from '../clock.ts';
import type { Fetch, WebSocketConstructor } from '../runtime.ts';
import type { PositionStore } from '../store/store.ts';
import type { TransportName } from '../transport/transport.ts';
import type { Token } from './token.ts';
import type { WakeUps } from './wake-ups.ts';

/** Everything is optional. */
export interface FeedOptions {
  /** Default: none. */
  readonly token?: Token | undefined;
  /** Default `auto`: WebSocket, where that does not come through SSE over fetch, then long-poll. */
  readonly transport?: 'auto' | TransportName | undefined;
  /** Where the position of `events` is kept, so that it goes on after a restart. Default: nowhere. */
  readonly store?: PositionStore | undefined;
  /** Default: those of the runtime. */
  readonly fetch?: Fetch | undefined;
  readonly WebSocket?: WebSocketConstructor | undefined;
  readonly clock?: Clock | undefined;
  /** Uniform in [0, 1), for the jitter of waits. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** What ends a wait early. Default: in a page, the network or the tab coming back. */
  readonly wakeUps?: WakeUps | undefined;
}

/** How a stream of events begins and ends. */
export interface EventsOptions {
  /** The changes after this position. Default: what the store has, or else live. */
  readonly after?: string | null | undefined;
  /** Without a position: the changes recorded at or after this time. */
  readonly since?: string | Date | undefined;
  /** Ends the stream, as `break` does. */
  readonly signal?: AbortSignal | undefined;
}
