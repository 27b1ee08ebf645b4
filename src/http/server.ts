/** The fastify instance: request ids, logs without secrets, errors in the registry's shape. It knows no endpoint. */
import type { IncomingMessage } from 'node:http';
import { type ParsedUrlQuery, parse } from 'node:querystring';
import fastifyCors from '@fastify/cors';
import fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type HTTPMethods,
  LogController,
} from 'fastify';
import { tidyForwardedFor } from '../access/client-address.ts';
import { type HostCheck, requireOneHost } from '../access/host-check.ts';
import type { Origins } from '../access/origins.ts';
import type { RefusalLog } from '../access/refusal-log.ts';
import { type ErrorCode, ManifeedError } from '../errors.ts';
import { OneATurn } from '../lib/one-a-turn.ts';
import type { Random } from '../lib/random.ts';
import { versionHeader } from '../registry/api.ts';
import { inSpecification, RegistryError } from '../registry/errors.ts';
import { splitTarget } from '../transport/head.ts';
import { answerClientError, answerExpectation, maxHeadBytes } from './client-error.ts';

/** pino's logger, as fastify knows it. */
export type Logger = FastifyBaseLogger;
/** The fastify instance. */
export type Server = FastifyInstance;

interface ServerOptions {
  readonly logger: FastifyBaseLogger;
  /** Removes secrets from a URL before it is logged. */
  readonly redactUrl: (url: string) => string;
  readonly maxBodyBytes: number;
  readonly headerTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly trustProxy: readonly string[];
  readonly corsOrigins: readonly string[];
  readonly origins: Origins;
  readonly checkHost: HostCheck;
  /** Logs pages that may not call this gateway. */
  readonly refusalLog: RefusalLog;
  /** Whether errors at this path have the codes of the OCI distribution-spec. */
  readonly isRegistryPath: (path: string) => boolean;
  /** Headers of refusals at this path. */
  readonly headersAt: (path: string) => Readonly<Record<string, string>>;
  readonly random: Random;
}

/** Makes the server; it does not listen yet. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const app = fastify({
    loggerInstance: options.logger,
    // A line for each request would cost more than its webhook; errors and refusals are logged.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.maxBodyBytes,
    requestTimeout: options.requestTimeoutMs,
    keepAliveTimeout: options.idleTimeoutMs,
    trustProxy: options.trustProxy.length === 0 ? false : [...options.trustProxy],
    routerOptions: { ignoreTrailingSlash: false, maxParamLength, querystringParser: parseFew },
    exposeHeadRoutes: false,
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    // Refusals of fastify's router take the same way as all errors.
    frameworkErrors: (error, request, reply) => refuse(error, request, reply),
    http: {
      maxHeaderSize: maxHeadBytes,
      headersTimeout: options.headerTimeoutMs,
      connectionsCheckingInterval: Math.min(options.headerTimeoutMs, 5_000),
      // `curl --http2` offers h2c with every request: that does not ask for a WebSocket.
      shouldUpgradeCallback: (request: IncomingMessage) =>
        request.headers.upgrade?.toLowerCase() === 'websocket',
    },
  });
  const { origins } = options;
  // First: a route keeps the handler that was set when it was made.
  app.setErrorHandler(refuse);
  // `curl -d` names this type if nobody names one. Pages gain nothing by it: below, `Origin` is checked.
  const readJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, readJson);
  app.server.on('checkExpectation', answerExpectation);
  app.addHook('onRequest', takeTurns());
  app.addHook('onRequest', async ({ raw }) => requireOneHost(raw));
  app.addHook('onRequest', async (request, reply) => {
    // Before CORS: it has a route for every OPTIONS, and answers those that are no preflight in plain text.
    const { origin, 'access-control-request-method': asked } = request.headers;
    const isPreflight = origin !== undefined && asked !== undefined;
    if (request.routeOptions.url === '*' && !isPreflight) throw noRoute(request, reply);
    const { host } = request.headers;
    if (!origins.allows(origin, host))
      options.refusalLog.foreignPage(origins.explain(origin, host), request.ip, 'http');
  });
  await app.register(fastifyCors, {
    origin: [...options.corsOrigins],
    methods: ['GET', 'PUT', 'POST'],
    exposedHeaders: ['Link', 'Retry-After'],
    maxAge: 600,
  });
  app.addHook('onRequest', async (request) => {
    const { origin, host } = request.headers;
    // CORS keeps a foreign page from reading answers, not from sending. Without this check, a plain POST to a hook
    // without a secret, on the visitor's own loopback, would be accepted. No registry and no script sends an
    // Origin.
    if (readOnly.has(request.method) || origins.allows(origin, host)) return;
    throw new ManifeedError('ORIGIN_DENIED', `serve request: ${origins.explain(origin, host)}`);
  });
  app.addHook('onRequest', async ({ headers }) => {
    options.checkHost(headers.host);
    if (headers['x-forwarded-for'] !== undefined)
      headers['x-forwarded-for'] = tidyForwardedFor(String(headers['x-forwarded-for']));
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method, log } = request;
    // Other levels do not log it, and redacting a URL costs more than serving a webhook.
    if (log.level !== 'debug' && log.level !== 'trace') return;
    const url = options.redactUrl(request.url);
    request.log.debug(
      { method, url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      'request',
    );
  });
  function refuse(
    error: FastifyError | ManifeedError | RegistryError,
    request: FastifyRequest,
    reply: FastifyReply,
  ) {
    const refusal = refusalOf(error, request, reply);
    void reply.headers(options.headersAt(splitTarget(request.url).path));
    const url = options.redactUrl(request.url);
    const { code, status, message } = refusal;
    if (code === 'INTERNAL' || code === 'UNKNOWN' || (status >= 500 && !refusal.retryable))
      request.log.error({ err: error, url }, 'serve request: failed');
    else request.log.debug({ code, url }, message);
    if (refusal.retryable) {
      const knownMs = refusal.retryAfterMs;
      const seconds = knownMs === null ? 1 + Math.floor(options.random() * 10) : Math.ceil(knownMs / 1_000);
      reply.header('retry-after', String(Math.max(1, seconds)));
    }
    return reply.code(status).type('application/json; charset=utf-8').send(refusal.toBody());
  }
  /** What is answered, and its challenge. */
  function refusalOf(
    error: FastifyError | ManifeedError | RegistryError,
    { url, method }: FastifyRequest,
    reply: FastifyReply,
  ): ManifeedError | RegistryError {
    const known = error instanceof RegistryError ? error : toManifeedError(error);
    if (!options.isRegistryPath(splitTarget(url).path)) {
      if (known.code === 'UNAUTHORIZED') reply.header('www-authenticate', 'Bearer realm="manifeed"');
      return known;
    }
    const refusal = known instanceof RegistryError ? known : inSpecification(known, method);
    void reply.headers(versionHeader);
    // Nothing but `Basic`: without a realm of its own, a `Bearer` beside it breaks crane, oras and containerd.
    if (refusal.status === 401) reply.header('www-authenticate', 'Basic realm="manifeed"');
    if (refusal.status === 405) reply.header('allow', 'GET, HEAD');
    return refusal;
  }
  app.setNotFoundHandler((request, reply) => {
    throw noRoute(request, reply);
  });
  function noRoute(request: FastifyRequest, reply: FastifyReply): ManifeedError {
    const { method } = request;
    const url = request.url.replace(/[?#].*$/s, '');
    const allowed = patternSigns.test(url)
      ? []
      : methods.filter((each) => app.hasRoute({ method: each, url }));
    const what = `${method} ${options.redactUrl(request.url).slice(0, 200)}`;
    if (allowed.length === 0) {
      // Where this API is served, it has an answer for every such path.
      const why = /^\/v2(?:\/|$)/.test(url) ? 'The registry read API is off (facade.enabled). ' : '';
      return new ManifeedError('NOT_FOUND', `No endpoint ${what}. ${why}The list is at /openapi.json`);
    }
    void reply.header('allow', allowed.join(', '));
    return new ManifeedError('METHOD_NOT_ALLOWED', `serve ${what}: must be ${allowed.join(' or ')}`);
  }
  return app;
}

/** Closes the server. Streams hold their connections open: those left after the drain are cut. */
export async function closeServer(server: Server): Promise<void> {
  const closed = server.close();
  server.server.closeAllConnections();
  await closed;
}

/** Methods of endpoints without a parameter in their path; hooks answer every method themselves. */
const methods: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT'];
/** `hasRoute` takes the path for a route's pattern, and throws at one that it cannot read. No endpoint's path has these. */
const patternSigns = /[*:]/;

const readOnly = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Most characters of one part of a path, as many as a webhook's `pathToken` may have. fastify's default is 100. */
const maxParamLength = 256;

/** fastify's own refusals, with our codes and words: some of its messages quote the URL, which may hold a token. */
const ofFastify: Readonly<Record<string, readonly [code: ErrorCode, what: string]>> = {
  FST_ERR_BAD_URL: [
    'REQUEST_INVALID',
    'the path has a percent sign without two hexadecimal digits of UTF-8 behind it: must be encoded as RFC 3986, 2.1 has it',
  ],
  FST_ERR_MAX_PARAM_LENGTH: [
    'REQUEST_INVALID',
    `a part of the path is too long: must be at most ${maxParamLength} characters`,
  ],
  FST_ERR_CTP_BODY_TOO_LARGE: ['BODY_TOO_LARGE', 'the body is too large: must be within limits.maxBody'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['UNSUPPORTED_MEDIA_TYPE', 'Content-Type: must be application/json'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['BODY_INVALID', 'the body is empty: must be JSON'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['BODY_INVALID', 'the body is no complete JSON: must be one JSON text'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'BODY_INVALID',
    'the body is incomplete: must be as long as announced',
  ],
};
/** For all others. */
const notAcceptable = ['BODY_INVALID', 'the body is not acceptable: must be plain JSON'] as const;

function toManifeedError(error: FastifyError | ManifeedError): ManifeedError {
  if (error instanceof ManifeedError) return error;
  const isRefusal = error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500;
  const known = ofFastify[error.code] ?? (isRefusal ? notAcceptable : undefined);
  if (known !== undefined) return new ManifeedError(known[0], `read request: ${known[1]}`);
  return new ManifeedError('INTERNAL', 'serve request: internal error', { cause: error });
}

/**
 * Longer targets are read one in each turn of the event loop, characters: they may have up to 64 KiB, and their cost
 * must not add up.
 */
export const longTarget = 8 * 1024;
/** fastify's router parses each query at once. No endpoint that reads the result has more parameters. */
export const maxParsed = 32;

export function parseFew(query: string): ParsedUrlQuery {
  return parse(query, '&', '=', { maxKeys: maxParsed });
}

/** A hook for `onRequest` that lets requests with a long target wait for their turn; others go on at once. */
export function takeTurns(): (request: FastifyRequest, reply: FastifyReply, done: () => void) => void {
  const turns = new OneATurn();
  return ({ raw }, reply, done) => {
    const turn = (raw.url ?? '').length < longTarget ? null : turns.take();
    if (turn === null) return done();
    void turn.then(() => {
      // The client left meanwhile. Nobody would hear of its `close` any more.
      if (raw.socket.destroyed) reply.hijack();
      done();
    });
  };
}
