/**
 * What a WebSocket connection needs of its socket. Two adapters have it: `BareSocket` for the fast road, and
 * `PluginSocket` for sockets that came through fastify.
 */
import type { Socket } from 'node:net';

/** What a socket reports to its connection. */
export interface WebSocketListener {
  onMessage(data: Buffer, isBinary: boolean): void;
  onPing(data: Buffer): void;
  onPong(): void;
  /** The client closes; 1005 where it gave no code (RFC 6455, 7.1.5). */
  onClosing(code: number): void;
  /** The client's bytes are not acceptable; `code` is one of `ws`'s. Nothing follows. */
  onFault(error: Error & { readonly code?: string }): void;
  /** The socket took all that was queued. */
  onDrain(): void;
  /** Once, when the socket is gone. */
  onGone(): void;
}

export interface WebSocketPort {
  /** Whose it is, for the log. */
  readonly socket: Pick<Socket, 'remoteAddress'>;
  /** Bytes that wait to be sent. */
  readonly backlogBytes: number;
  /** Begins to report. Call once. */
  listen(listener: WebSocketListener): void;
  /**
   * Sends whole frames that `frame.ts` built, pings among them: the same bytes go to thousands of clients.
   *
   * @returns false: some of them wait, and `onDrain` follows
   */
  send(frames: Buffer): boolean;
  pong(data: Buffer): void;
  /** Sends a close frame and our end of the connection; a client that does not end its own is cut in 5 s. */
  close(code: number, reason: string): void;
  /** Ends the connection at once. */
  cut(): void;
}

/** Fragments of one message at most, on both roads. */
export const maxFragments = 128;
/** Chunks that the parser keeps of an unfinished message at most, on both roads. */
export const maxBufferedChunks = 1_024;
