/** Puts the transports on both roads: the front for plain requests, node:http and fastify for the rest. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { clientAddress } from '../access/client-address.ts';
import { tellsAddressesApart } from '../access/connection-limits.ts';
import { requireOneHost } from '../access/host-check.ts';
import type { Config } from '../config/shape.ts';
import { ManifeedError } from '../errors.ts';
import type { Hub } from '../fanout/hub.ts';
import type { Handler } from '../http/endpoint.ts';
import type { Server } from '../http/server.ts';
import { addressGroup } from '../lib/address-group.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { disown } from '../lib/socket-owner.ts';
import type { Admission } from '../transport/admission.ts';
import { type FrontOpening, stepInFront } from '../transport/front/front.ts';
import { type Opening, type StreamHead, splitTarget } from '../transport/head.ts';
import { longPollHandler } from '../transport/long-poll.ts';
import { asManifeedError, writeError } from '../transport/raw-response.ts';
import { RequestReader } from '../transport/request.ts';
import { readSse } from '../transport/sse/sse.ts';
import { LongMessages } from '../transport/websocket/long-messages.ts';
import { MessageReader } from '../transport/websocket/messages.ts';
import { PluginRoad } from '../transport/websocket/plugin-road.ts';
import { FrameReaders } from '../transport/websocket/reader.ts';
import { readWebSocket } from '../transport/websocket/websocket.ts';

interface StreamOptions {
  readonly config: Config;
  readonly hub: Hub;
  readonly admission: Admission;
  readonly acceptsSocket: (socket: Socket) => boolean;
  readonly clock: Clock;
  readonly random: Random;
}

const ssePath = '/v1/events';
const socketPath = '/v1/socket';
/** Time for a WebSocket's first message, if it has to bring the token. */
const firstMessageTimeoutMs = 10_000;

/** Handlers of requests for streams on the ordinary road, for the endpoints. */
export interface StreamHandlers {
  readonly sse: Handler;
  /** Adds the WebSocket's route. */
  readonly webSocket: (server: Server) => Promise<void>;
  readonly longPoll: Handler;
  /** Idempotent: stops what runs beside the requests. */
  readonly stop: () => void;
}

/** Puts the front before the server, and makes the handlers of the ordinary road. */
export function openStreams(server: Server, options: StreamOptions): StreamHandlers {
  const { config } = options;
  const addressOf = socketAddress(config);
  const limits = { ...config.limits, defaultRegistry: config.defaultRegistry, firstMessageTimeoutMs };
  const readers = new FrameReaders(limits.maxMessageBytes);
  const requests = new RequestReader(limits, options.admission);
  const longMessages = new LongMessages();
  const shared = { ...options, limits, requests, messages: new MessageReader(), longMessages, readers };

  type Read = (head: StreamHead) => Opening;
  const sse: Read = (head) => readSse(head, shared);
  const webSocket: Read = (head) => readWebSocket(head, shared);
  const byPath = new Map([
    [ssePath, sse],
    [socketPath, webSocket],
  ]);

  const isBehindProxy = config.trustProxy.length > 0;
  /** A separate function: what it returns may be kept, and must not hold on to the head. */
  const atTheFront = (
    opening: Opening,
    lasting: boolean,
    forwardedFor: string | undefined,
  ): FrontOpening => ({
    lasting,
    open: (socket, key) => opening.open({ socket, key, address: addressOf(socket, forwardedFor) }),
  });
  const stop = stepInFront(server.server, {
    clock: options.clock,
    accepts: options.acceptsSocket,
    headerTimeoutMs: config.limits.headerTimeoutMs,
    read: (head) => {
      const opening = byPath.get(head.path)?.(head);
      if (opening === undefined) return null;
      // Behind a proxy hardly two heads are equal: remembering them would only cost.
      if (isBehindProxy) return atTheFront(opening, false, head.headers['x-forwarded-for']);
      return atTheFront(opening, opening.lasting, undefined);
    },
  });

  const { isAnswering, isLatest } = watchAnswers(server);
  const ordinary =
    (read: Read): Handler =>
    (request, reply) => {
      // node:http gives a response its socket once the answers before it are sent; a stream would mix with them.
      if (reply.raw.socket === null) {
        const need = 'an answer is still to come on this connection: must be asked for after it';
        throw new ManifeedError('REQUEST_INVALID', `open stream: ${need}`);
      }
      // A request behind it in the same packet is already being served, and could not be answered any more.
      if (!isLatest(request.raw.socket, reply.raw)) {
        const need = 'must be the last one, since a stream takes its connection for itself';
        const message = `open stream: another request follows on this connection: ${need}`;
        throw new ManifeedError('REQUEST_INVALID', message);
      }
      reply.hijack();
      const { headers } = request;
      const address = addressGroup(request.ip);
      const { socket } = request.raw;
      const key = headers['sec-websocket-key'] ?? '';
      read({ query: splitTarget(request.url).query, headers }).open({ address, socket, key });
    };
  const pluginRoad = new PluginRoad(shared);
  server.server.on('upgrade', (request: IncomingMessage, socket: Duplex, rest: Buffer) => {
    // If an answer is pending, a refusal would mix with it too.
    if (!(socket instanceof Socket) || isAnswering(socket)) return socket.destroy();
    const { path, query } = splitTarget(request.url ?? '');
    if (path === socketPath && request.method === 'GET') return pluginRoad.upgrade(request, socket, rest);
    try {
      requireOneHost(request);
      if (path !== ssePath)
        throw new ManifeedError('NOT_FOUND', `open WebSocket: no such endpoint: must be ${socketPath}`);
    } catch (error) {
      disown(socket);
      return writeError(socket, asManifeedError(error), '', options);
    }
    const { headers } = request;
    const forwarded = headers['x-forwarded-for'];
    const address = addressOf(socket, Array.isArray(forwarded) ? forwarded.join(',') : forwarded);
    // SSE may ignore an offer to upgrade (RFC 9110, 7.8), as the front does.
    sse({ query, headers }).open({ address, socket, key: '' });
  });
  return {
    sse: ordinary(sse),
    // For requests without an upgrade: the handshake's refusal says what is missing.
    webSocket: (app) => pluginRoad.register(app, socketPath, ordinary(webSocket)),
    longPoll: longPollHandler(shared),
    stop,
  };
}

/** The address group that a socket counts for; '' for all if addresses are not told apart. */
function socketAddress({
  limits,
  trustProxy,
}: Config): (socket: Socket, forwardedFor: string | undefined) => string {
  if (!tellsAddressesApart(limits)) return () => '';
  const addressOf = clientAddress(trustProxy);
  return (socket, forwardedFor) => addressGroup(addressOf(socket.remoteAddress ?? '', forwardedFor));
}

function watchAnswers({ server }: Server) {
  const latest = new WeakMap<Socket, ServerResponse>();
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    latest.set(socket, response);
  });
  return {
    /** Whether a request of this socket is not answered yet. They are in order, so the last one is enough. */
    isAnswering: (socket: Socket) => latest.get(socket)?.writableFinished === false,
    /** Whether no request has followed the one that this response is for. */
    isLatest: (socket: Socket, response: ServerResponse) => latest.get(socket) === response,
  };
}
