import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Clock } from '../../lib/clock.ts';
import { endSoon } from '../end-soon.ts';
import { framesIn, opcodes } from './frame.ts';
import type { WebSocketListener, WebSocketPort } from './port.ts';

/** The ordinary road's port: the socket that `@fastify/websocket` hands over. */
export class PluginSocket implements WebSocketPort {
  readonly socket: Socket;
  readonly #webSocket: WebSocket;
  readonly #clock: Clock;
  readonly #answer: WebSocket['close'];
  #onSent = () => {};

  /** @param socket the one under `webSocket` */
  constructor(webSocket: WebSocket, socket: Socket, clock: Clock) {
    this.#webSocket = webSocket;
    this.socket = socket;
    this.#clock = clock;
    this.#answer = webSocket.close.bind(webSocket);
  }

  get backlogBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  listen(listener: WebSocketListener): void {
    this.#onSent = () => {
      if (this.backlogBytes === 0) listener.onDrain();
    };
    // `ws` closes when the client does, and, with a code alone, before it emits the error of bytes that it cannot
    // accept. The connection closes instead, because it may owe the client a message first.
    this.#webSocket.close = (code, reason) => {
      if (this.#webSocket.readyState !== WebSocket.OPEN) this.#answer();
      else if (code === undefined || reason !== undefined) listener.onClosing(code ?? 1005);
    };
    this.#webSocket
      .on('message', (data, isBinary) => {
        if (Buffer.isBuffer(data)) listener.onMessage(data, isBinary);
      })
      .on('ping', (data) => listener.onPing(data))
      .on('pong', () => listener.onPong())
      .on('error', (error) => listener.onFault(error));
    this.socket.once('close', () => listener.onGone());
  }

  send(frames: Buffer): boolean {
    // `ws` builds its own frames, so take these apart.
    for (const { opcode, payload } of framesIn(frames)) {
      if (opcode === opcodes.ping) this.#webSocket.ping(payload);
      else this.#webSocket.send(payload, { binary: false }, this.#onSent);
    }
    return this.backlogBytes === 0;
  }

  pong(data: Buffer): void {
    this.#webSocket.pong(data);
  }

  close(code: number, reason: string): void {
    this.#answer(code, reason);
    endSoon(this.socket, '', this.#clock);
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  cut(): void {
    this.#webSocket.terminate();
  }
}
