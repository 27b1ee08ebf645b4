import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ManifeedError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { BodyMemory, defaultMaxBufferedBytes } from './body/memory.ts';
import { readBody, UploadWatch } from './body/read.ts';
import type { HookAnswer } from './collector.ts';
import { Intake, type IntakeOptions } from './intake.ts';
import { defaultMaxBytes, type HookOptions, headerOf } from './kind.ts';
import { equalSecrets, unauthorized } from './proof/proofs.ts';
import { Arrival, Receiver } from './receive.ts';

/** What the routes need. */
export interface WebhookRouteOptions extends IntakeOptions {
  readonly hooks: readonly HookOptions[];
  /** Bytes of bodies in memory at once; default `defaultMaxBufferedBytes`. */
  readonly maxBufferedBytes?: number;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null until its head is checked. A property, because a WeakMap costs more than all of the routing. */
    arrival: Arrival | null;
  }
}

/** Adds the routes of each configured hook, and refuses other names under `/v1/hooks/`. */
/** `/v1/hooks/<name>` and `/v1/hooks/<name>/<token>`. Each checks the head before it reads the body. */
export async function webhookRoutes(fastify: FastifyInstance, options: WebhookRouteOptions): Promise<void> {
  const routes = new WebhookRoutes(options);
  await fastify.register(async (scope) => {
    scope.decorateRequest('arrival', null);
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', routes.readBody);
    for (const hook of options.hooks) routes.add(scope, new Receiver(hook, options));
    routes.refuseOtherNames(scope);
  });
}

class WebhookRoutes {
  readonly #intake: Intake;
  readonly #memory: BodyMemory;
  readonly #uploads: UploadWatch;
  readonly #clock: Clock;

  constructor(options: WebhookRouteOptions) {
    const { hooks, clock, maxBufferedBytes = defaultMaxBufferedBytes } = options;
    const largestBodyBytes = Math.max(0, ...hooks.map(({ maxBytes = defaultMaxBytes }) => maxBytes));
    this.#intake = new Intake(options);
    this.#memory = new BodyMemory({ maxBytes: maxBufferedBytes, largestBodyBytes });
    this.#uploads = new UploadWatch(clock);
    this.#clock = clock;
  }

  add(scope: FastifyInstance, receiver: Receiver): void {
    const { hook, kind } = receiver;
    const takes = kind.allowsGet === true ? ['GET', 'POST'] : ['POST'];
    const others = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH'].filter((one) => !takes.includes(one));
    const answerOther = (request: FastifyRequest, reply: FastifyReply) =>
      answerOthers(receiver, takes, request, reply);
    const common = {
      // Servers post here, not pages. CORS would also take the OPTIONS handshake for a broken preflight.
      config: { cors: false },
      exposeHeadRoute: false,
      errorHandler: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
        this.#refuse(receiver, error, request, reply),
    };
    const onRequest = async (request: FastifyRequest) => {
      const arrival = new Arrival(receiver, request);
      request.arrival = arrival;
      await receiver.admit(arrival);
      arrival.isVerified = receiver.headProves;
      arrival.memory = this.#memory.open(arrival.isVerified ? null : request.ip);
    };
    const handler = this.#take;
    const base = `/v1/hooks/${hook.name}`;
    for (const url of hook.pathToken === undefined ? [base] : [base, `${base}/:token`]) {
      scope.route({ ...common, method: takes, url, onRequest, handler });
      scope.route({ ...common, method: others, url, onRequest: answerOther, handler: answerOther });
    }
  }

  refuseOtherNames(scope: FastifyInstance): void {
    const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
      dropBody(request, reply, this.#clock);
      const what = 'find webhook: unknown name: must be one that is configured under webhooks';
      const error = new ManifeedError('NOT_FOUND', what);
      this.#intake.unknown(request.ip, error);
      throw error;
    };
    for (const url of ['/v1/hooks/:name', '/v1/hooks/:name/:token']) {
      scope.route({ method: ['GET', 'POST', 'OPTIONS'], url, onRequest, handler: onRequest });
    }
  }

  readonly readBody = ({ arrival, headers, raw }: FastifyRequest): Promise<Buffer> => {
    if (!arrival?.memory) throw notAdmitted();
    const length = headers['content-length'];
    return readBody(raw, {
      announcedBytes: length === undefined ? null : Number(length),
      maxBytes: arrival.receiver.hook.maxBytes ?? defaultMaxBytes,
      memory: arrival.memory,
      watch: this.#uploads,
    });
  };

  readonly #take = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { arrival, method, body } = request;
    if (arrival === null) throw notAdmitted();
    const sent = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    const answer = await this.#intake.take(arrival, method === 'GET' ? payloadOf(request) : sent);
    arrival.memory?.release();
    return send(reply, answer);
  };

  #refuse(receiver: Receiver, error: FastifyError, request: FastifyRequest, reply: FastifyReply): never {
    // fastify refuses torn requests with its own errors; the http layer knows only ours.
    const translated = translate(error);
    // Missing if the request was refused before the hooks of its route.
    const arrival = request.arrival ?? new Arrival(receiver, request);
    arrival.memory?.release();
    if (arrival.body === null) dropBody(request, reply, this.#clock);
    this.#intake.refused(arrival, translated);
    throw translated;
  }
}

/** The body of a GET: the `payload` of its query, decoded. */
function payloadOf({ query }: FastifyRequest): Buffer {
  const payload = typeof query === 'object' && query !== null && 'payload' in query ? query.payload : '';
  return Buffer.from(typeof payload === 'string' ? payload : '', 'utf8');
}

function notAdmitted(): Error {
  return new Error('take webhook: not admitted: must be admitted first');
}

/** Answers methods that bring no delivery: the handshake of kinds that have one, else 405. */
async function answerOthers(
  receiver: Receiver,
  takes: readonly string[],
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { method } = request;
  const { kind } = receiver;
  const answer = kind.handshake === true && method === 'OPTIONS' ? handshake(receiver, request) : null;
  if (answer !== null) return send(reply, answer);
  const allowed = [...takes, ...(kind.handshake === true ? ['OPTIONS'] : [])];
  void reply.header('allow', allowed.join(', '));
  throw new ManifeedError('METHOD_NOT_ALLOWED', `take webhook: ${method}: must be ${allowed.join(' or ')}`);
}

/** Origins that a handshake may name. */
const originGrammar = /^[A-Za-z0-9.*_-]{1,253}$/;

/**
 * The OPTIONS handshake of "HTTP 1.1 Web Hooks for Event Delivery" (CloudEvents), which Event Grid uses too. Allows
 * the origin that asks; null if it names none. The callback URL is never called: the answer to the request says the
 * same, and calling any URL on request invites SSRF.
 *
 * @throws UNAUTHORIZED if the path's token is wrong: a sender that does not know the URL gets no consent
 */
function handshake(receiver: Receiver, request: FastifyRequest): HookAnswer | null {
  const { hook } = receiver;
  const { headers, pathToken } = new Arrival(receiver, request);
  if (hook.pathToken !== undefined && !equalSecrets(pathToken ?? '', hook.pathToken)) throw unauthorized();
  const origin = headerOf(headers, 'webhook-request-origin');
  if (origin === null || !originGrammar.test(origin)) return null;
  const rate = headerOf(headers, 'webhook-request-rate') === null ? {} : { 'webhook-allowed-rate': '*' };
  return { status: 200, headers: { allow: 'POST', 'webhook-allowed-origin': origin, ...rate } };
}

function send(reply: FastifyReply, { status, headers, body }: HookAnswer): FastifyReply {
  void reply.code(status).headers(headers);
  if (body === undefined) return reply.send();
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(body));
}

/** Maps fastify's own refusals (codes `FST_ERR_CTP_*`, torn bodies) to the catalogue. */
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

/** A refused sender may finish a body up to this size, so that it reads its answer on an orderly connection. */
const maxDroppedBytes = 1024 * 1024;
/** After this long the connection is cut, ms. */
const dropForMs = 1_000;

/** Leaves a refused request's body unread. node:http alone would discard it for as long as the sender likes. */
function dropBody(request: FastifyRequest, reply: FastifyReply, clock: Clock): void {
  const { headers, raw } = request;
  const hasLength = headers['transfer-encoding'] === undefined;
  const announced = Number(headers['content-length'] ?? 0);
  if ((hasLength && announced === 0) || raw.complete) return;
  if (!hasLength || announced > maxDroppedBytes) void reply.header('connection', 'close');
  const cancel = clock.after(dropForMs, () => {
    if (!raw.complete) raw.destroy();
  });
  raw.once('close', cancel);
}
