/** The endpoints as `/openapi.json` shows them, each with the very schema that its requests are parsed with. */
import { z } from 'zod';
import { hookDeliveriesQuery } from '../http/hook-deliveries.ts';
import { type ApiEndpoint, buildOpenApi, type JsonObject } from '../http/openapi.ts';
import { paceChangeSchema } from '../http/routes.ts';
import { longPollSchema } from '../transport/long-poll.ts';
import { streamShape } from '../transport/subscribe-params.ts';
import { authMessage, subscribeMessage, unsubscribeMessage } from '../transport/websocket/messages.ts';

const update = z
  .looseObject({
    position: z.string().describe('Where the change stands in the ledger: `<epoch>-<sequence>`'),
    type: z.string(),
    registry: z.string(),
    repository: z.string(),
    tag: z.string().nullable(),
    digest: z.string().nullable(),
    previousDigest: z.string().nullable(),
    mediaType: z.string().nullable(),
    size: z.number().nullable(),
    occurredAt: z.string(),
    recordedAt: z.string(),
    origin: z.string(),
    timestamp: z.string(),
  })
  .describe('A change; with `format=cloudevents` a CloudEvents 1.0 JSON object');

const stream = {
  tag: 'streams',
  secured: true,
  errors: ['PARAMETER_INVALID', 'DENIED', 'TOO_MANY_CONNECTIONS'],
} as const;
const operation = { tag: 'operation' } as const;
const anyJson = z.looseObject({});

const tally = z.looseObject({
  accepted: z.number().describe('Events that name an image'),
  changes: z.number().describe('Changes that subscribers receive now'),
  pending: z.number().describe('Tags without digest: their changes follow when the registry was asked'),
  unchanged: z.number().describe('What was known already: repetitions, and tags that did not move'),
  ignored: z
    .record(z.string(), z.number())
    .describe('Other events by reason; `stale`: older than what is known'),
});
const delivery = z.looseObject({
  at: z.string(),
  address: z.string(),
  status: z.number(),
  result: z.string(),
  code: z.string().nullable(),
  reason: z.string().nullable(),
  bytes: z.number(),
});
const hookDeliveries = z.looseObject({
  hooks: z.array(
    z.looseObject({
      name: z.string(),
      kind: z.string(),
      url: z.string(),
      registry: z.string().nullable(),
      counts: z.looseObject({ accepted: z.number(), refused: z.number(), unverified: z.number() }),
      deliveries: z.array(delivery).describe('The last ones, newest first'),
      unverified: z.array(delivery).describe('The last refusals of senders who proved nothing'),
      savedDelivery: z.looseObject({ at: z.string(), bytes: z.number(), url: z.string() }).nullable(),
    }),
  ),
});

const endpoints: readonly ApiEndpoint[] = [
  {
    ...stream,
    method: 'get',
    path: '/v1/events',
    summary: 'Changes as Server-Sent Events',
    query: z.strictObject(streamShape),
    headers: z.object({ 'Last-Event-ID': z.string().optional().describe('A position; wins over `after`') }),
    responses: {
      200: {
        description: 'The stream; PROTOCOL.md has its events',
        mediaType: 'text/event-stream',
        schema: z.string(),
      },
    },
  },
  {
    ...stream,
    method: 'get',
    path: '/v1/socket',
    summary: 'Changes over WebSocket, subprotocol manifeed.v1',
    description:
      'After the handshake the client sends the messages whose schemas are below; PROTOCOL.md has the rest.',
    responses: { 101: { description: 'Switching protocols' } },
  },
  {
    ...stream,
    method: 'get',
    path: '/v2/updates',
    summary: 'Changes by long-poll (opencontainers/distribution-spec#575)',
    query: longPollSchema,
    responses: {
      200: { description: 'Changes, oldest first; `Link: …; rel="next"` goes on', schema: z.array(update) },
    },
    errors: ['PARAMETER_INVALID', 'DENIED', 'POSITION_GONE', 'TOO_MANY_CONNECTIONS', 'UNAVAILABLE'],
  },
  {
    method: 'post',
    path: '/v1/hooks/{name}',
    summary: "A registry's webhook",
    tag: 'sources',
    params: z.object({ name: z.string().describe('A configured webhook') }),
    body: {
      schema: anyJson,
      description: "What the hook's kind sends; for kind `manifeed`: reference, digest, …",
    },
    responses: {
      202: { description: 'Durably stored', schema: tally },
      200: { description: 'Understood; nothing to store', schema: tally },
    },
    errors: [
      'BODY_INVALID',
      'UNAUTHORIZED',
      'NOT_FOUND',
      'BODY_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
      'REQUEST_TIMEOUT',
      'UNAVAILABLE',
    ],
  },
  {
    ...operation,
    method: 'get',
    path: '/v1/hooks',
    summary: 'The last deliveries of each webhook',
    secured: true,
    query: hookDeliveriesQuery,
    responses: { 200: { description: 'By hook; with `saved` one delivery', schema: hookDeliveries } },
    errors: ['PARAMETER_INVALID', 'UNAUTHORIZED', 'DENIED', 'NOT_FOUND'],
  },
  {
    ...operation,
    method: 'get',
    path: '/healthz',
    summary: 'The process answers',
    responses: { 200: { description: 'Alive', schema: anyJson } },
  },
  {
    ...operation,
    method: 'get',
    path: '/readyz',
    summary: 'The ledger can store and the gateway is not draining',
    responses: { 200: { description: 'Ready', schema: anyJson } },
    errors: ['UNAVAILABLE', 'DRAINING'],
  },
  {
    ...operation,
    method: 'get',
    path: '/metrics',
    summary: 'Prometheus metrics',
    secured: true,
    responses: { 200: { description: 'Exposition', mediaType: 'text/plain', schema: z.string() } },
    errors: ['UNAUTHORIZED', 'DENIED'],
  },
  {
    ...operation,
    method: 'get',
    path: '/v1/upstreams',
    summary: 'State of each polled repository',
    secured: true,
    responses: { 200: { description: 'By registry', schema: anyJson } },
    errors: ['UNAUTHORIZED', 'DENIED'],
  },
  {
    ...operation,
    method: 'get',
    path: '/v1/pace',
    summary: 'The pace by now',
    secured: true,
    responses: { 200: { description: 'The pace', schema: anyJson } },
    errors: ['UNAUTHORIZED', 'DENIED'],
  },
  {
    ...operation,
    method: 'put',
    path: '/v1/pace',
    summary: 'Set R for a while',
    secured: true,
    body: { schema: paceChangeSchema },
    responses: { 200: { description: 'The pace from now on', schema: anyJson } },
    errors: ['PARAMETER_INVALID', 'UNAUTHORIZED', 'DENIED'],
  },
];

export function describeApi(version: string): JsonObject {
  return buildOpenApi({
    version,
    endpoints,
    schemas: {
      Change: update,
      SubscribeMessage: subscribeMessage,
      UnsubscribeMessage: unsubscribeMessage,
      AuthMessage: authMessage,
    },
  });
}
