/** What a WebSocket connection needs of its socket: `BareSocket` for the fast road, `PluginSocket` for fastify's. */
import type { Socket } from 'node:net';

/** What a socket reports to its connection. */
export interface WebSocketListener {
  onMessage(data: Buffer, isBinary: boolean): void;
  onPing(data: Buffer): void;
  onPong(): void;
  /** The client closes; 1005: it gave no code (RFC 6455, 7.1.5). */
  onClosing(code: number): void;
  /** The client's bytes are invalid; `code` is one of `ws`'s. Nothing follows. */
  onFault(error: Error & { readonly code?: string }): void;
  /** The socket has sent everything queued. */
  onDrain(): void;
  /** Once, when the socket is gone. */
  onGone(): void;
}

/** One socket that speaks WebSocket. */
export interface WebSocketPort {
  /** For the log. */
  readonly socket: Pick<Socket, 'remoteAddress'>;
  /** Bytes that wait to be sent. */
  readonly backlogBytes: number;
  /** Begins to report. Call once. */
  listen(listener: WebSocketListener): void;
  /** Sends whole frames that `frame.ts` built. False: some of them wait, and `onDrain` follows. */
  send(frames: Buffer): boolean;
  pong(data: Buffer): void;
  /** Sends a close frame and ends our side; a client that does not end its own is cut after 5 s. */
  close(code: number, reason: string): void;
  /** Stops and restarts what the client sends. */
  pause(): void;
  resume(): void;
  /** Ends the connection at once. */
  cut(): void;
}

/** Most fragments of one message, on both roads. */
export const maxFragments = 128;
/** Most chunks that the parser keeps of an unfinished message, on both roads. */
export const maxBufferedChunks = 1_024;
