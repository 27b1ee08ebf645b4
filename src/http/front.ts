/**
 * The net front: stands before node:http's own connection handler and serves plain requests for streams on the
 * bare socket, so that parser, request, response and fastify's objects are never made for them: most of a
 * stream's memory, and half of what opening one costs. Whatever looks unusual is handed on unread and takes
 * the ordinary road, where the same endpoints answer.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import { type RawHead, readRawHead } from './raw-head.ts';

export interface FrontOptions {
  /** Paths served here. */
  readonly paths: ReadonlySet<string>;
  /** Takes over the socket. */
  readonly open: (head: RawHead, socket: Socket) => void;
  /** For the first bytes of a connection, ms. */
  readonly headerTimeoutMs: number;
  /** Whether there is room for a new connection; asked once for each. */
  readonly accepts: (socket: Socket) => boolean;
  readonly clock: Clock;
}

/** How often silent sockets are looked for. */
const sweepMs = 1_000;

/**
 * Steps in front of `server`. Call once, before it listens.
 *
 * @returns an idempotent stop of the look-out for silent sockets; those that there are now are cut
 */
export function stepInFront(server: Server, options: FrontOptions): () => void {
  // node:http serves a connection by a listener of its own 'connection' event, and documents that the event
  // may be emitted by others with a socket of theirs: this is both at once.
  const ordinary = server.listeners('connection');
  server.removeAllListeners('connection');
  /** Sockets that have not spoken yet, oldest first. One sweep for all: a timer for each outlives its use. */
  const silent = new Map<Socket, number>();

  /** Gone before it asked for anything. */
  function forget(this: Socket): void {
    silent.delete(this);
    this.destroy();
  }

  function onFirst(this: Socket, chunk: Buffer): void {
    silent.delete(this);
    this.off('error', forget);
    this.off('end', forget);
    this.off('data', onFirst);
    const head = readRawHead(chunk);
    if (head !== null && options.paths.has(head.path)) return options.open(head, this);
    this.pause();
    this.unshift(chunk);
    for (const listener of ordinary) Reflect.apply(listener, server, [this]);
    this.resume();
  }

  server.on('connection', (socket: Socket) => {
    if (!options.accepts(socket)) {
      socket.destroy();
      return;
    }
    silent.set(socket, options.clock.monotonic());
    socket.on('error', forget);
    socket.on('end', forget);
    socket.on('data', onFirst);
  });

  function sweep(): void {
    const latest = options.clock.monotonic() - options.headerTimeoutMs;
    for (const [socket, since] of silent) {
      if (since > latest) break;
      silent.delete(socket);
      socket.destroy();
    }
    cancel = options.clock.after(sweepMs, sweep);
  }
  let cancel = options.clock.after(sweepMs, sweep);
  return () => {
    cancel();
    for (const socket of silent.keys()) socket.destroy();
    silent.clear();
  };
}
