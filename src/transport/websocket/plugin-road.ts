/**
 * WebSockets on the ordinary road: fastify's hooks and router handle the request, and `@fastify/websocket` answers
 * the handshake. The connection is the same as on the fast road.
 */
import { type IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import fastifyWebSocket from '@fastify/websocket';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import { addressGroup } from '../../lib/address-group.ts';
import { splitTarget } from '../head.ts';
import { WebSocketConnection } from './connection.ts';
import { checkKey } from './handshake.ts';
import type { WebSocketOptions } from './options.ts';
import { PluginSocket } from './plugin-socket.ts';
import { maxBufferedChunks, maxFragments } from './port.ts';
import { enter, type Judged, judge, refuseHandshake } from './websocket.ts';

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
