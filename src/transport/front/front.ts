/**
 * The front reads plain requests for streams on the bare socket, before node:http does. Such a stream needs no
 * objects of node:http and fastify: they are most of its memory, and half of the cost of opening it.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { BoundedMap } from '../../lib/bounded-map.ts';
import type { Clock } from '../../lib/clock.ts';
import { own, release, type SocketOwner } from '../../lib/socket-owner.ts';
import { nameHead } from './head-name.ts';
import { maxRawHeadBytes, type RawHead, readRawHead } from './raw-head.ts';

/** What a head asks for. */
export interface FrontOpening {
  /** Whether an equal head, apart from the WebSocket's key, gets the same answer. Then it need not be read. */
  readonly lasting: boolean;
  /** Takes over the socket: it has an owner on return, or was ended. Never throws. @param webSocketKey '': none */
  open(socket: Socket, webSocketKey: string): void;
}

export interface FrontOptions {
  /** Null: not served here. The result may be kept, so it must hold nothing of the head. Never throws. */
  readonly read: (head: RawHead) => FrontOpening | null;
  /** Time for the first bytes of a connection, ms. */
  readonly headerTimeoutMs: number;
  /** Whether there is room for a new connection; asked once for each. */
  readonly accepts: (socket: Socket) => boolean;
  readonly clock: Clock;
}

/** Openings remembered, by the name of their head. */
const maxOpenings = 1_000;
const sweepMs = 1_000;

/** Puts the front before `server`, before it listens. @returns an idempotent stop, which cuts silent sockets */
export function stepInFront(server: Server, options: FrontOptions): () => void {
  // node:http serves connections in a listener of its 'connection' event, and documents that others may emit the
  // event with a socket. The front takes the listener's place, and calls it for the sockets that it passes on.
  const ordinary = server.listeners('connection');
  server.removeAllListeners('connection');

  const openings = new BoundedMap<string, FrontOpening>(maxOpenings);

  /** False: the head is not for the front. */
  function serve(chunk: Buffer, socket: Socket): boolean {
    const name = nameHead(chunk);
    const known = name === null ? undefined : openings.get(name.digest);
    if (name !== null && known !== undefined) {
      known.open(socket, name.key);
      return true;
    }
    const head = readRawHead(chunk.toString('latin1'));
    const opening = head === null ? null : options.read(head);
    if (head === null || opening === null) return false;
    const key = head.headers['sec-websocket-key'] ?? '';
    // Only if the key was found: a recalled head would open with an empty one.
    if (opening.lasting && name?.key === key) openings.set(name.digest, opening);
    opening.open(socket, key);
    return true;
  }

  function onFirst(chunk: Buffer, socket: Socket): void {
    if (chunk.length <= maxRawHeadBytes && serve(chunk, socket)) return;
    release(socket);
    socket.pause();
    socket.unshift(chunk);
    for (const listener of ordinary) Reflect.apply(listener, server, [socket]);
    socket.resume();
  }

  let newest = new Newcomers(onFirst);
  /** Closed batches of silent sockets, oldest first, and when each closed. */
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

/** Sockets that came in the same second and are still silent. They are cut together, without a timer for each. */
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
