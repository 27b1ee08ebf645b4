/** Puts the transports on both roads: the net front for plain requests, fastify and node:http for the rest. */
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Config } from './config.ts';
import { ManifeedError } from './errors.ts';
import type { Hub } from './fanout/hub.ts';
import { clientAddress } from './http/client-address.ts';
import { stepInFront } from './http/front.ts';
import type { Reply, Request, Server } from './http/server.ts';
import type { Clock } from './lib/clock.ts';
import type { Random } from './lib/random.ts';
import { longPollRoute } from './transport/long-poll.ts';
import { writeError } from './transport/raw-response.ts';
import { openSse } from './transport/sse.ts';
import { StreamParser } from './transport/stream-parser.ts';
import type { Admission, StreamRequest } from './transport/stream-request.ts';
import { openWebSocket } from './transport/websocket.ts';

export interface StreamOptions {
  readonly config: Config;
  readonly hub: Hub;
  readonly admission: Admission;
  readonly clock: Clock;
  readonly random: Random;
}

const ssePath = '/v1/events';
const socketPath = '/v1/socket';
/** For a WebSocket's first message, where it has to bring the token. */
const firstMessageTimeoutMs = 10_000;
/** Sockets beyond the subscribers: webhooks, long-polls' keep-alives, metrics, health. */
const otherConnections = 1_000;
const nothing = Buffer.alloc(0);

/** @returns an idempotent stop of what runs beside the requests */
export function registerStreams(server: Server, options: StreamOptions): () => void {
  const { config } = options;
  const addressOf = clientAddress(config.trustProxy);
  const limits = { ...config.limits, defaultRegistry: config.defaultRegistry, firstMessageTimeoutMs };
  const shared = { ...options, limits, parser: new StreamParser(limits) };

  const open = (request: StreamRequest) =>
    request.path === ssePath ? openSse(request, shared) : openWebSocket(request, shared);

  const stop = stepInFront(server.server, {
    clock: options.clock,
    paths: new Set([ssePath, socketPath]),
    headerTimeoutMs: config.limits.headerTimeoutMs,
    open: ({ path, query, headers }, socket) =>
      open({
        path,
        query,
        headers,
        address: addressOf(socket.remoteAddress ?? '', headers['x-forwarded-for']),
        socket,
        rest: nothing,
      }),
  });
  server.server.maxConnections = config.limits.connections + otherConnections;

  const ordinary = (request: Request, reply: Reply) => {
    reply.hijack();
    open({
      ...targetOf(request.url),
      headers: request.headers,
      address: request.ip,
      socket: request.raw.socket,
      rest: nothing,
    });
  };
  server.get(ssePath, ordinary);
  // Without an upgrade: the handshake's own refusal says what is missing.
  server.get(socketPath, ordinary);
  server.server.on('upgrade', (request: IncomingMessage, socket: Duplex, rest: Buffer) => {
    if (!(socket instanceof Socket)) return socket.destroy();
    const target = targetOf(request.url ?? '/');
    const forwarded = request.headers['x-forwarded-for'];
    const address = addressOf(
      socket.remoteAddress ?? '',
      Array.isArray(forwarded) ? forwarded.join(',') : forwarded,
    );
    if (target.path === socketPath) {
      return openWebSocket({ ...target, headers: request.headers, address, socket, rest }, shared);
    }
    const error = new ManifeedError('NOT_FOUND', `open WebSocket: no such endpoint: must be ${socketPath}`);
    writeError(socket, error, '', options.random);
  });
  longPollRoute(server, shared);
  return stop;
}

function targetOf(url: string): { path: string; query: string } {
  const parsed = new URL(url, 'http://localhost');
  return { path: parsed.pathname, query: parsed.search.slice(1) };
}
