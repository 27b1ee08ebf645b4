/**
 * The net front: stands before node:http's own connection handler and serves plain requests for streams on the
 * bare socket, so that parser, request, response and fastify's objects are never made for them: most of a
 * stream's memory, and half of what opening one costs. Whatever looks unusual is handed on unread and takes
 * the ordinary road, where the same endpoints answer.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { BoundedMap } from '../../lib/bounded-map.ts';
import type { Clock } from '../../lib/clock.ts';
import { own, release, type SocketOwner } from '../../lib/socket-owner.ts';
import { nameHead } from './head-name.ts';
import { maxRawHeadBytes, type RawHead, readRawHead } from './raw-head.ts';

/** What a head asks for, whoever sent it. */
export interface FrontOpening {
  /** Whether an equal head, but for the WebSocket's key, will be answered alike: it need not be read then. */
  readonly lasting: boolean;
  /**
   * Takes over the socket: by the time it returns the socket has an owner, or was ended. Never throws.
   *
   * @param webSocketKey as sent, '' where none was
   */
  open(socket: Socket, webSocketKey: string): void;
}

export interface FrontOptions {
  /** Null: not served here. What it returns may be kept, so it holds nothing of the head itself. Never throws. */
  readonly read: (head: RawHead) => FrontOpening | null;
  /** For the first bytes of a connection, ms. */
  readonly headerTimeoutMs: number;
  /** Whether there is room for a new connection; asked once for each. */
  readonly accepts: (socket: Socket) => boolean;
  readonly clock: Clock;
}

/** Openings remembered, by the name of their head. */
const maxOpenings = 1_000;
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

  const openings = new BoundedMap<string, FrontOpening>(maxOpenings);

  /** False: it is no head of ours. */
  function serve(text: string, socket: Socket): boolean {
    const name = nameHead(text);
    const known = name === null ? undefined : openings.get(name.digest);
    if (name !== null && known !== undefined) {
      known.open(socket, name.key);
      return true;
    }
    const head = readRawHead(text);
    const opening = head === null ? null : options.read(head);
    if (head === null || opening === null) return false;
    const key = head.headers['sec-websocket-key'] ?? '';
    // Not where the key is written in another way: it was not found, and could not be told to the opening again.
    if (opening.lasting && name?.key === key) openings.set(name.digest, opening);
    opening.open(socket, key);
    return true;
  }

  function onFirst(chunk: Buffer, socket: Socket): void {
    if (chunk.length <= maxRawHeadBytes && serve(chunk.toString('latin1'), socket)) return;
    release(socket);
    socket.pause();
    socket.unshift(chunk);
    for (const listener of ordinary) Reflect.apply(listener, server, [socket]);
    socket.resume();
  }

  let newest = new Newcomers(onFirst);
  /** Those who came earlier and may still be silent, oldest first, and since when nobody joined them. */
  let earlier: { readonly newcomers: Newcomers; readonly until: number }[] = [];

  server.on('connection', (socket: Socket) => {
    if (options.accepts(socket)) newest.add(socket);
    else socket.destroy();
  });

  function sweep(): void {
    const now = options.clock.monotonic();
    earlier.push({ newcomers: newest, until: now });
    newest = new Newcomers(onFirst);
    const isInTime = (until: number) => until > now - options.headerTimeoutMs;
    for (const { newcomers, until } of earlier) if (!isInTime(until)) newcomers.cut();
    earlier = earlier.filter(({ newcomers, until }) => isInTime(until) && newcomers.size > 0);
    cancel = options.clock.after(sweepMs, sweep);
  }
  let cancel = options.clock.after(sweepMs, sweep);
  return () => {
    cancel();
    newest.cut();
    for (const { newcomers } of earlier) newcomers.cut();
    earlier = [];
  };
}

/**
 * Sockets that came in the same second and have not spoken yet. They are cut together: a timer for each would
 * outlive its use.
 */
class Newcomers implements SocketOwner {
  readonly #onFirst: (chunk: Buffer, socket: Socket) => void;
  readonly #silent = new Set<Socket>();

  constructor(onFirst: (chunk: Buffer, socket: Socket) => void) {
    this.#onFirst = onFirst;
  }

  get size(): number {
    return this.#silent.size;
  }

  add(socket: Socket): void {
    this.#silent.add(socket);
    own(socket, this);
  }

  received(bytes: Buffer, socket: Socket): void {
    this.#silent.delete(socket);
    this.#onFirst(bytes, socket);
  }

  drained(): void {}

  closed(socket: Socket): void {
    this.#silent.delete(socket);
  }

  cut(): void {
    for (const socket of this.#silent) socket.destroy();
    this.#silent.clear();
  }
}
