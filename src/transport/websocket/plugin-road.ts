/** WebSockets on the ordinary road: fastify handles the request, and `@fastify/websocket` answers the handshake. */
import { type IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import fastifyWebSocket from '@fastify/websocket';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { WebSocket } from 'ws';
import { addressGroup } from '../../lib/address-group.ts';
import type { Clock } from '../../lib/clock.ts';
import { splitTarget } from '../head.ts';
import { endSoon } from '../raw-response.ts';
import { WebSocketConnection } from './connection.ts';
import { framesIn, opcodes } from './frame.ts';
import type { WebSocketOptions } from './options.ts';
import { maxBufferedChunks, maxFragments, type WebSocketListener, type WebSocketPort } from './port.ts';
import { checkKey, enter, type Judged, judge, refuseHandshake } from './websocket.ts';

export class PluginRoad {
  readonly #options: WebSocketOptions;
  /** The plugin listens here, not on the gateway's own server: `upgrade` decides which requests reach it. */
  readonly #upgrades = new Server();
  /** Upgrade requests: null until they are judged, then the result. */
  readonly #judged = new WeakMap<IncomingMessage, Judged | null>();

  constructor(options: WebSocketOptions) {
    this.#options = options;
  }

  /** Hands an upgrade to fastify. No answer may be pending on its connection. */
  upgrade(request: IncomingMessage, socket: Socket, rest: Buffer): void {
    this.#judged.set(request, null);
    if (!this.#upgrades.emit('upgrade', request, socket, rest)) socket.destroy();
  }

  /** @param handle answers a request that is no upgrade */
  async register(
    server: FastifyInstance,
    path: string,
    handle: (request: FastifyRequest, reply: FastifyReply) => unknown,
  ): Promise<void> {
    // A separate scope: the plugin accepts an upgrade at every route that it knows.
    await server.register(async (scope) => {
      await scope.register(fastifyWebSocket, {
        options: {
          server: this.#upgrades,
          maxPayload: this.#options.limits.maxMessageBytes,
          ...{ maxFragments, maxBufferedChunks, autoPong: false, clientTracking: false },
        },
        // The connection handles its socket's errors.
        errorHandler: () => {},
        // The drain has already ended all connections.
        preClose: (done) => done(),
      });
      scope.route({
        method: 'GET',
        url: path,
        preHandler: (request, reply, done) => this.#admit(request, reply, done),
        errorHandler: (error, request, reply) => this.#refuse(error, request, reply),
        handler: handle,
        wsHandler: (webSocket, request) => this.#open(webSocket, request),
      });
    });
  }

  /** The last step before the plugin's: nothing may come between entering and opening. */
  #admit(request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
    const { raw, headers } = request;
    if (!this.#judged.has(raw)) return done();
    // The client has left: the plugin would drop it silently.
    if (!raw.socket.readable || !raw.socket.writable) {
      reply.hijack();
      raw.socket.destroy();
      return;
    }
    const { admission } = this.#options;
    const judged = judge({ query: splitTarget(request.url).query, headers }, admission);
    checkKey(headers['sec-websocket-key'] ?? '');
    enter(judged.grant, addressGroup(request.ip), admission);
    this.#judged.set(raw, judged);
    // `ws` takes the first protocol that is offered, and refuses unusual lists.
    if (judged.protocol === '') delete headers['sec-websocket-protocol'];
    else headers['sec-websocket-protocol'] = judged.protocol;
    done();
  }

  #open(webSocket: WebSocket, request: FastifyRequest): void {
    const { raw } = request;
    const port = new PluginSocket(webSocket, raw.socket, this.#options.clock);
    const grant = this.#judged.get(raw)?.grant ?? null;
    new WebSocketConnection(port, addressGroup(request.ip), grant, this.#options);
  }

  /** Writes to the socket itself, as on the fast road: nothing else would end the connection. */
  #refuse(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    if (!this.#judged.has(request.raw)) throw error;
    reply.hijack();
    const { socket } = request.raw;
    refuseHandshake({ socket, address: addressGroup(request.ip) }, error, this.#options);
  }
}

/** The ordinary road's port: the socket that `@fastify/websocket` hands over. */
class PluginSocket implements WebSocketPort {
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
