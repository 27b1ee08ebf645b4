/** The port that the transports fill: one connection each, from its start to its end. */
import type { Clock } from '../clock.ts';
import type { FeedError } from '../feed-error.ts';
import type { Filter, Start } from '../filter.ts';
import type { Fetch, WebSocketConstructor } from '../runtime.ts';
import type { Message } from '../wire.ts';

/** The ways to a gateway. */
export type TransportName = 'websocket' | 'sse' | 'long-poll';

/** What one connection asks for. */
export interface Ask {
  readonly filter: Filter;
  readonly start: Start;
  /** Null: none. */
  readonly token: string | null;
}

/** Takes what a connection brings. */
export interface Receiver {
  /** @param size characters of the message */
  take(message: Message, size: number): void;
  /** Whether the connection must bring no more until `room` resolves. */
  readonly isFull: boolean;
  /** Resolves when there is room, or when `signal` aborts. */
  room(signal: AbortSignal): Promise<void>;
}

/** How a connection ended. */
export type Ending =
  /** It broke or was refused; `isBlocked`: HTTP reaches the gateway, but this transport does not. */
  | { readonly kind: 'lost'; readonly error: FeedError; readonly isBlocked: boolean }
  /** The receiver was full, and the transport has no other way to stop. */
  | { readonly kind: 'full' };

/** What all transports use. */
export interface TransportParts {
  /** Without a slash at its end. */
  readonly url: string;
  readonly clock: Clock;
  readonly fetch: Fetch;
  /** Null: the runtime has none. */
  readonly WebSocket: WebSocketConstructor | null;
}

/**
 * Brings messages until the connection ends or `signal` aborts. Never rejects, and brings nothing after it has
 * resolved.
 */
export type Transport = (ask: Ask, receiver: Receiver, signal: AbortSignal) => Promise<Ending>;

/** A connection that was lost. */
export function lost(error: FeedError, isBlocked = false): Ending {
  return { kind: 'lost', error, isBlocked };
}
