import type { Socket } from 'node:net';
import type { Clock } from '../../lib/clock.ts';
import { own, type SocketOwner } from '../../lib/socket-owner.ts';
import { endSoon } from '../end-soon.ts';
import { closeFrame, isPong, pongFrame } from './frame.ts';
import type { WebSocketListener, WebSocketPort } from './port.ts';
import type { FrameReader, FrameReaders } from './reader.ts';

interface BareSocketOptions {
  readonly readers: FrameReaders;
  readonly clock: Clock;
}

/** The fast road's port: frames are built once for all clients, and `ws` parses what clients send. */
export class BareSocket implements WebSocketPort, SocketOwner {
  readonly socket: Socket;
  readonly #options: BareSocketOptions;
  #listener: WebSocketListener | null = null;
  /** Not null once a message came in pieces. */
  #reader: FrameReader | null = null;

  constructor(socket: Socket, options: BareSocketOptions) {
    this.socket = socket;
    this.#options = options;
  }

  get backlogBytes(): number {
    return this.socket.writableLength;
  }

  listen(listener: WebSocketListener): void {
    this.#listener = listener;
    own(this.socket, this);
  }

  send(frames: Buffer): boolean {
    return this.socket.write(frames);
  }

  pong(data: Buffer): void {
    this.socket.write(pongFrame(data));
  }

  close(code: number, reason: string): void {
    endSoon(this.socket, closeFrame(code, reason), this.#options.clock);
  }

  pause(): void {
    // Messages that may wait are too long for the shared parser.
    if (this.#reader !== null) this.#reader.isPaused = true;
    this.socket.pause();
  }

  resume(): void {
    if (this.#reader !== null) this.#reader.isPaused = false;
    this.socket.resume();
  }

  cut(): void {
    this.socket.destroy();
  }

  received(bytes: Buffer): void {
    const listener = this.#listener;
    if (listener === null) return;
    // The common case: the answer to a heartbeat needs no parser.
    if (this.#reader === null && isPong(bytes)) return listener.onPong();
    if (this.#reader === null && this.#options.readers.readWhole(bytes, listener)) return;
    this.#reader ??= this.#options.readers.create();
    const ready = this.#reader.read(bytes, listener, () => this.socket.resume());
    // The parser works as it is written to, so only a flood gets here.
    if (!ready) this.socket.pause();
  }

  drained(): void {
    this.#listener?.onDrain();
  }

  closed(): void {
    this.#reader?.close();
    this.#listener?.onGone();
  }
}
