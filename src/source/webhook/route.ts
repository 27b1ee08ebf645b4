/**
 * The webhook routes: `/v1/hooks/<name>` and `/v1/hooks/<name>/<token>`. Each checks what the head proves before
 * it reads a byte of the body. They never see the ledger, and ask no registry: a tag without digest is completed
 * later (`completion.ts`).
 */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ManifeedError } from '../../errors.ts';
import { dropBody } from './body/drop.ts';
import { UploadWatch } from './body/idle-watch.ts';
import { BodyBudget, type BodyShare, defaultMaxBufferedBytes } from './body/memory.ts';
import { readBody } from './body/read.ts';
import { checkHooks } from './checks.ts';
import { answerHandshake } from './handshake.ts';
import { Endpoint, type EndpointOptions, Visit } from './intake.ts';
import { defaultMaxBytes, type Head, type HookOptions, type Reply } from './kind.ts';
import { kinds } from './kinds.ts';
import { equalSecrets } from './proof/credentials.ts';
import { makeReceiver, type Receiver } from './receive.ts';

export interface WebhookRouteOptions extends EndpointOptions {
  readonly hooks: readonly HookOptions[];
  readonly listenIsLoopback: boolean;
  /** Bytes of bodies in memory at once; default `defaultMaxBufferedBytes`. */
  readonly maxBufferedBytes?: number;
}

type Params = { readonly token?: string };

/** A request that was admitted, and what its body may have of the budget. */
interface Arrival {
  readonly visit: Visit;
  readonly share: BodyShare;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null until it was admitted. A property and no map: a weak map costs more than all of the routing. */
    arrival: Arrival | null;
  }
}

/** What the routes of all hooks share. */
interface Desk {
  readonly endpoint: Endpoint;
  readonly budget: BodyBudget;
  readonly watch: UploadWatch;
  readonly options: WebhookRouteOptions;
}

/** @throws PARAMETER_INVALID naming `webhooks[i].<key>` */
export async function webhookRoutes(fastify: FastifyInstance, options: WebhookRouteOptions): Promise<void> {
  const { hooks, maxBufferedBytes = defaultMaxBufferedBytes } = options;
  checkHooks(hooks, options.listenIsLoopback);
  const largestBodyBytes = Math.max(0, ...hooks.map(({ maxBytes = defaultMaxBytes }) => maxBytes));
  const desk: Desk = {
    endpoint: new Endpoint(options),
    budget: new BodyBudget({ maxBytes: maxBufferedBytes, largestBodyBytes }),
    watch: new UploadWatch(options.clock),
    options,
  };
  await fastify.register(async (scope) => {
    scope.decorateRequest('arrival', null);
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (request: FastifyRequest) => readArrival(request, desk));
    for (const hook of hooks) registerHook(scope, hook, desk);
    refuseOtherNames(scope, desk);
  });
}

function readArrival(request: FastifyRequest, { watch }: Desk): Promise<Buffer> {
  const { arrival } = request;
  if (arrival === null) throw new Error('read webhook body: not admitted: must be admitted first');
  const length = request.headers['content-length'];
  return readBody(request.raw, {
    announcedBytes: length === undefined ? null : Number(length),
    maxBytes: arrival.visit.receiver.hook.maxBytes ?? defaultMaxBytes,
    share: arrival.share,
    watch,
  });
}

function registerHook(scope: FastifyInstance, hook: HookOptions, desk: Desk): void {
  const kind = kinds.get(hook.kind);
  if (kind === undefined) throw new Error(`register webhook: kind ${hook.kind}: must have been checked`);
  const { endpoint, budget, options } = desk;
  const receiver = makeReceiver(kind, hook, options);
  // Servers post here, not pages; and CORS would take the OPTIONS handshake for a broken preflight.
  const config = { cors: false };
  const errorHandler = (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    // The HTTP library refuses torn requests in its own words; the http layer knows only ours.
    const translated = translate(error);
    const { arrival } = request;
    arrival?.share.release();
    const visit = arrival?.visit ?? visitOf(receiver, request);
    if (visit.body === null) dropBody(request, reply, options.clock);
    endpoint.refused(visit, translated);
    throw translated;
  };
  const admit = async (request: FastifyRequest) => {
    const visit = visitOf(receiver, request);
    await endpoint.admit(visit);
    const share = budget.open(visit.isVerified ? null : request.ip);
    request.arrival = { visit, share };
  };
  const take = async (request: FastifyRequest, reply: FastifyReply) => {
    const { arrival } = request;
    const visit = arrival?.visit ?? visitOf(receiver, request);
    const answer = await endpoint.take(visit, bodyOf(request));
    arrival?.share.release();
    return send(reply, answer);
  };
  const takes = kind.allowsGet === true ? ['GET', 'POST'] : ['POST'];
  const others = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH'].filter((name) => !takes.includes(name));
  const allowed = [...takes, ...(kind.handshake === true ? ['OPTIONS'] : [])];
  const answerOther = async (request: FastifyRequest, reply: FastifyReply) => {
    const isHandshake = request.method === 'OPTIONS' && kind.handshake === true;
    const answer = isHandshake ? handshake(hook, headOf(request)) : null;
    if (answer !== null) return send(reply, answer);
    void reply.header('allow', allowed.join(', '));
    throw new ManifeedError(
      'METHOD_NOT_ALLOWED',
      `take webhook: ${request.method}: must be ${allowed.join(' or ')}`,
    );
  };
  const common = { errorHandler, config, exposeHeadRoute: false };
  const base = `/v1/hooks/${hook.name}`;
  for (const url of hook.pathToken === undefined ? [base] : [base, `${base}/:token`]) {
    scope.route({ method: takes, url, ...common, onRequest: admit, handler: take });
    scope.route({ method: others, url, ...common, onRequest: answerOther, handler: answerOther });
  }
}

/** @throws UNAUTHORIZED where the path's token is wrong: whoever does not know the URL gets no consent */
function handshake(hook: HookOptions, { headers, pathToken }: Head): Reply | null {
  if (hook.pathToken !== undefined && !equalSecrets(pathToken ?? '', hook.pathToken)) {
    throw new ManifeedError('UNAUTHORIZED', 'verify webhook: refused: must carry what the hook expects');
  }
  return answerHandshake(headers);
}

/** Before the body: nobody reads what was sent to no hook. */
function refuseOtherNames(scope: FastifyInstance, { endpoint, options }: Desk): void {
  const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
    dropBody(request, reply, options.clock);
    const what = 'find webhook: unknown name: must be one of the configuration';
    const error = new ManifeedError('NOT_FOUND', what);
    endpoint.unknown(request.ip, error);
    throw error;
  };
  for (const url of ['/v1/hooks/:name', '/v1/hooks/:name/:token']) {
    scope.route({ method: ['GET', 'POST', 'OPTIONS'], url, onRequest, handler: onRequest });
  }
}

function visitOf(receiver: Receiver, request: FastifyRequest): Visit {
  return new Visit(receiver, headOf(request), request.ip);
}

function headOf({ headers, method, params }: FastifyRequest): Head {
  const pathToken = isParams(params) ? params.token : undefined;
  // A GET has no body that a content type could be about: its payload is always JSON.
  return {
    headers: method === 'GET' ? { ...headers, 'content-type': 'application/json' } : headers,
    pathToken,
  };
}

function isParams(params: unknown): params is Params {
  return typeof params === 'object' && params !== null;
}

function bodyOf({ method, query, body }: FastifyRequest): Buffer {
  if (method !== 'GET') return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  const payload = typeof query === 'object' && query !== null && 'payload' in query ? query.payload : '';
  return Buffer.from(typeof payload === 'string' ? payload : '', 'utf8');
}

function send(reply: FastifyReply, { status, headers, body }: Reply): FastifyReply {
  void reply.code(status).headers(headers);
  if (body === undefined) return reply.send();
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(body));
}

/** Gives fastify's own refusals (codes `FST_ERR_CTP_*`, torn bodies) their place in the catalogue. */
function translate(error: FastifyError): Error {
  if (error instanceof ManifeedError) return error;
  const { statusCode } = error;
  if (statusCode === 415) {
    return new ManifeedError('UNSUPPORTED_MEDIA_TYPE', 'read webhook body: no content type: must be JSON');
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new ManifeedError('BODY_INVALID', 'read webhook body: incomplete: must be as long as announced');
  }
  return error;
}
