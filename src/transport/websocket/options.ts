import type { Random } from '../../lib/random.ts';
import type { TransportOptions } from '../request.ts';
import type { LongMessages } from './long-messages.ts';
import type { MessageReader } from './messages.ts';
import type { FrameReaders } from './reader.ts';

interface WebSocketLimits {
  readonly subscriptionsPerConnection: number;
  readonly maxMessageBytes: number;
  /** Bytes that may wait in a socket before its subscriber is behind. */
  readonly maxBacklogBytes: number;
  /** Messages of one client a second, with a burst of as many. */
  readonly messagesPerSecond: number;
  /** Globs and ranges of one connection; twice as many may be asked for at once. */
  readonly globsPerConnection: number;
  /** Time for the first message, if it has to bring the token, ms. */
  readonly firstMessageTimeoutMs: number;
  /** Time between two heartbeats, ms. */
  readonly heartbeatIntervalMs: number;
}

/** What all WebSockets share. */
export interface WebSocketOptions extends TransportOptions {
  readonly messages: MessageReader;
  readonly longMessages: LongMessages;
  readonly readers: FrameReaders;
  readonly limits: WebSocketLimits;
  readonly random: Random;
}
