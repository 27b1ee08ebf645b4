/** One endpoint: what requests and `/openapi.json` need to know of it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type ErrorCode, ManifeedError } from '../errors.ts';

interface ApiResponse {
  readonly description: string;
  /** Media type of the body; default `application/json`. Ignored without a schema. */
  readonly mediaType?: string;
  readonly schema?: z.ZodType;
}

/**
 * Who may call an endpoint. `subscriber`: a client whose token the stream judges; `sender`: a registry whose
 * credentials the webhook judges; `metrics` and `admin`: a token with that right.
 */
type Caller = 'anyone' | 'subscriber' | 'sender' | 'metrics' | 'admin';

/** What `/openapi.json` says of an endpoint. */
export interface EndpointDescription {
  readonly method: 'get' | 'post' | 'put' | 'delete' | 'options';
  /** `/v1/hooks/{name}` */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** Group in which tools show it. */
  readonly tag: string;
  readonly mayCall: Caller;
  /** Its members are the query's parameters; lists may repeat. */
  readonly query?: z.ZodObject;
  /** Its members are the path's parameters. */
  readonly params?: z.ZodObject;
  /** Its members are header parameters. */
  readonly headers?: z.ZodObject;
  readonly body?: {
    readonly schema: z.ZodType;
    readonly mediaTypes?: readonly string[];
    readonly description?: string;
  };
  /** By status. */
  readonly responses: Readonly<Record<number, ApiResponse>>;
  /** Codes of refusals. UNAUTHORIZED and DENIED are added if `mayCall` is a right. */
  readonly errors?: readonly ErrorCode[];
}

/** Answers one request. @throws ManifeedError, which the error handler writes in the registry's shape */
export type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** An endpoint and how it is served: by one handler, or by routes that another room registers. */
export type Endpoint = EndpointDescription &
  (
    | {
        readonly handle: Handler;
        /** Whether HEAD is answered too, for probes of load balancers. Default false. */
        readonly answersHead?: boolean;
      }
    | { readonly register: (server: FastifyInstance) => unknown }
  );

/** A token's rights; null: there is no valid token. */
export type CallerGrant = { readonly admin: boolean; readonly metrics: boolean } | null;

/** Whether a call needs a token with this right. */
export function isRight(caller: Caller): caller is 'admin' | 'metrics' {
  return caller === 'admin' || caller === 'metrics';
}

/** @throws UNAUTHORIZED without a grant, DENIED without the right */
export function requireRight(right: 'admin' | 'metrics', grant: CallerGrant): void {
  if (grant === null) throw new ManifeedError('UNAUTHORIZED', 'authorise: a token is required');
  if (grant[right]) return;
  const what = right === 'admin' ? 'administer' : 'see the metrics';
  throw new ManifeedError('DENIED', `authorise: this token may not ${what}`);
}

/** Describes an answer, as `changeSchema` does; nothing is parsed with them. */
export const anyJson = z.looseObject({});

export const changeSchema = z
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
    platforms: z
      .record(z.string(), z.string())
      .nullable()
      .optional()
      .describe('Platform to the digest of its manifest; null: not known which moved; absent: not asked for'),
    timestamp: z.string(),
  })
  .describe('A change; with `format=cloudevents` a CloudEvents 1.0 JSON object');

/** A row of the index. */
export const tagStateSchema = z.looseObject({
  registry: z.string(),
  repository: z.string(),
  tag: z.string(),
  digest: z.string().nullable(),
  mediaType: z.string().nullable(),
  size: z.number().nullable(),
  firstSeenAt: z.string(),
  updatedAt: z.string().describe('When it last began to point at another digest'),
});
