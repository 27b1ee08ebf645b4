/**
 * The net front: stands before node:http's own connection handler and serves plain requests for streams on the
 * bare socket, so that parser, request, response and fastify's objects are never made for them: most of a
 * stream's memory, and half of what opening one costs. Whatever looks unusual is handed on unread and takes
 * the ordinary road, where the same endpoints answer.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { type RawHead, readRawHead } from './raw-head.ts';

export interface FrontOptions {
  /** Paths served here. */
  readonly paths: ReadonlySet<string>;
  /** Takes over the socket. */
  readonly open: (head: RawHead, socket: Socket) => void;
  /** For the first bytes of a connection, ms. */
  readonly headerTimeoutMs: number;
}

/** Steps in front of `server`. Call once, before it listens. */
export function stepInFront(server: Server, options: FrontOptions): void {
  // node:http serves a connection by a listener of its own 'connection' event, and documents that the event
  // may be emitted by others with a socket of theirs: this is both at once.
  const ordinary = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const destroy = () => socket.destroy();
    const onFirst = (chunk: Buffer) => {
      socket.setTimeout(0);
      socket.off('timeout', destroy);
      socket.off('error', destroy);
      socket.off('end', destroy);
      socket.off('data', onFirst);
      const head = readRawHead(chunk);
      if (head !== null && options.paths.has(head.path)) return options.open(head, socket);
      socket.pause();
      socket.unshift(chunk);
      for (const listener of ordinary) Reflect.apply(listener, server, [socket]);
      socket.resume();
    };
    socket.setTimeout(options.headerTimeoutMs, destroy);
    socket.on('error', destroy);
    // Gone before it asked for anything.
    socket.on('end', destroy);
    socket.on('data', onFirst);
  });
}
