/**
 * The webhook routes: `/v1/hooks/<name>` and `/v1/hooks/<name>/<token>`. They take raw bytes, have them verified
 * and read, hand the result to `intake` and acknowledge only after that has stored it. They never see the
 * ledger, and ask no registry: a tag without digest is completed later (`completion.ts`).
 */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, ManifeedError } from '../../errors.ts';
import type { Observation, TagObserved } from '../../event/observation.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Metrics } from '../../lib/metrics.ts';
import { BodyBudget, defaultMaxBufferedBytes } from './body-budget.ts';
import { checkHooks } from './check-hooks.ts';
import { answerHandshake } from './handshake.ts';
import { defaultMaxBytes, type HookOptions, type Incoming, type Normalised } from './kind.ts';
import { kinds } from './kinds.ts';
import { makeReceiver, type Receiver } from './receive.ts';
import type { FetchText } from './verify.ts';

/** What one delivery brings. */
export interface Batch {
  readonly hook: string;
  readonly observations: readonly Observation[];
  /** Tags without digest, to be kept durably and completed later. */
  readonly incomplete: readonly TagObserved[];
}

export interface WebhookRouteOptions {
  readonly hooks: readonly HookOptions[];
  /** Stores the batch durably before it resolves; rejects with UNAVAILABLE when nothing was stored. */
  readonly intake: (batch: Batch) => Promise<{ readonly outcomes: readonly string[] }>;
  /** Asks for a look at the repository at the poller's next turn; must not throw. */
  readonly confirm: (registry: string, repository: string) => void;
  readonly fetchText: FetchText;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly listenIsLoopback: boolean;
  /** Bytes of bodies under way at once; default `defaultMaxBufferedBytes`. */
  readonly maxBufferedBytes?: number;
}

type Params = { readonly token?: string };
type HookRequest = FastifyRequest<{ Params: Params }>;

/** SNS gives a confirmation 15 s; the answer is an XML of some hundred bytes. */
const followLimits = { maxBytes: 64 * 1024, timeoutMs: 5_000 };
/** A refused sender is logged at most this often per hook. */
const refusalLogIntervalMs = 10_000;
/** Characters of a refusal's reason that are logged. */
const maxReasonLength = 500;

/** @throws PARAMETER_INVALID naming `webhooks[i].<key>` */
export async function webhookRoutes(fastify: FastifyInstance, options: WebhookRouteOptions): Promise<void> {
  checkHooks(options.hooks, options.listenIsLoopback);
  await fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    const endpoint = new Endpoint(options);
    const budget = new BodyBudget(options.maxBufferedBytes ?? defaultMaxBufferedBytes);
    for (const hook of options.hooks) registerHook(scope, hook, endpoint, budget, options);
    const unknown = () => {
      throw new ManifeedError('NOT_FOUND', 'find webhook: unknown name: must be one of the configuration');
    };
    for (const url of ['/v1/hooks/:name', '/v1/hooks/:name/:token']) {
      // Before the body: whoever knocks at the wrong door need not be listened to.
      scope.route({ method: ['GET', 'POST', 'OPTIONS'], url, onRequest: unknown, handler: unknown });
    }
  });
}

function registerHook(
  scope: FastifyInstance,
  hook: HookOptions,
  endpoint: Endpoint,
  budget: BodyBudget,
  dependencies: WebhookRouteOptions,
): void {
  const kind = kinds.get(hook.kind);
  if (kind === undefined) throw new Error(`register webhook: kind ${hook.kind}: must have been checked`);
  const receiver = makeReceiver(kind, hook, dependencies);
  const base = `/v1/hooks/${hook.name}`;
  const url = hook.pathToken === undefined ? [base] : [base, `${base}/:token`];
  const bodyLimit = hook.maxBytes ?? defaultMaxBytes;
  // A body over the cap or a torn request is refused in the library's words; the http layer knows only ours.
  const errorHandler = (error: FastifyError) => {
    const translated = translate(error);
    endpoint.countFailure(hook, translated);
    throw translated;
  };
  // Servers post here, not pages; and CORS would take the OPTIONS handshake for a broken preflight.
  const config = { cors: false };
  const onRequest = async (request: FastifyRequest, reply: FastifyReply) =>
    budget.reserve(request.raw, reply.raw, bodyLimit);
  const common = { bodyLimit, errorHandler, config, onRequest };
  for (const path of url) {
    const take = (request: HookRequest, reply: FastifyReply) => endpoint.take(receiver, request, reply);
    scope.route<{ Params: Params }>({ method: 'POST', url: path, ...common, handler: take });
    scope.route<{ Params: Params }>({
      method: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH'],
      url: path,
      ...common,
      handler: async (request, reply) => {
        if (request.method === 'GET' && kind.allowsGet === true) return take(request, reply);
        const answer =
          request.method === 'OPTIONS' && kind.handshake === true ? answerHandshake(request.headers) : null;
        if (answer !== null) return send(reply, answer.status, answer.headers, answer.body);
        const allowed = ['POST', kind.allowsGet ? 'GET' : '', kind.handshake ? 'OPTIONS' : ''];
        void reply.header('allow', allowed.filter((method) => method !== '').join(', '));
        throw new ManifeedError(
          'METHOD_NOT_ALLOWED',
          `take webhook: ${request.method}: must be ${allowed.filter((method) => method !== '').join(' or ')}`,
        );
      },
    });
  }
}

class Endpoint {
  readonly #options: WebhookRouteOptions;
  readonly #deliveries;
  readonly #ignored;
  readonly #ledgerWait;
  readonly #lastRefusalLog = new Map<string, number>();

  constructor(options: WebhookRouteOptions) {
    this.#options = options;
    const { metrics } = options;
    this.#deliveries = metrics.counter('webhook_deliveries_total', 'Webhook deliveries by result', [
      'hook',
      'kind',
      'result',
    ]);
    this.#ignored = metrics.counter('webhook_ignored_events_total', 'Webhook events that are no change', [
      'hook',
      'kind',
      'reason',
    ]);
    this.#ledgerWait = metrics.histogram(
      'webhook_ledger_wait_seconds',
      'Time a delivery waited until it was stored',
      ['hook'],
      [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    );
  }

  async take(receiver: Receiver, request: HookRequest, reply: FastifyReply): Promise<unknown> {
    const { hook, kind } = receiver;
    const said = await receiver.receive(this.#incoming(request));
    if (said.follow !== undefined) await this.#follow(said.follow, hook);
    const accepted = said.observations.length + said.incomplete.length;
    const outcomes = accepted === 0 ? [] : await this.#store(hook, said);
    const labels = { hook: hook.name, kind: kind.name };
    const ignored: Record<string, number> = {};
    for (const { reason, count } of said.ignored) {
      ignored[reason] = count;
      this.#ignored.inc({ ...labels, reason }, count);
    }
    const [first] = said.ignored;
    const result = accepted > 0 || first === undefined ? 'accepted' : `ignored:${first.reason}`;
    this.#deliveries.inc({ ...labels, result });
    if (said.reply !== undefined) return send(reply, said.reply.status, said.reply.headers, said.reply.body);
    const changes = outcomes.filter((outcome) => outcome === 'changed').length;
    return send(reply, accepted > 0 ? 202 : 200, {}, { accepted, changes, ignored });
  }

  /** Counts a delivery that was refused or failed, and logs it without what it carried. */
  countFailure(hook: HookOptions, error: Error): void {
    const code: ErrorCode = error instanceof ManifeedError ? error.code : 'INTERNAL';
    const result = resultOf(code);
    this.#deliveries.inc({ hook: hook.name, kind: hook.kind, result });
    const now = this.#options.clock.monotonic();
    if (now - (this.#lastRefusalLog.get(hook.name) ?? -refusalLogIntervalMs) < refusalLogIntervalMs) return;
    this.#lastRefusalLog.set(hook.name, now);
    this.#options.log.warn(
      { hook: hook.name, kind: hook.kind, result, code, ...reasonOf(error) },
      'webhook delivery refused',
    );
  }

  #incoming(request: HookRequest): Incoming {
    const { body } = request;
    const isGet = request.method === 'GET';
    return {
      body: isGet ? queryPayload(request.query) : Buffer.isBuffer(body) ? body : Buffer.alloc(0),
      headers: isGet ? { ...request.headers, 'content-type': 'application/json' } : request.headers,
      pathToken: request.params.token,
      arrivedAt: this.#options.clock.now(),
    };
  }

  async #store(hook: HookOptions, said: Normalised): Promise<readonly string[]> {
    const { clock, intake, confirm } = this.#options;
    const { observations, incomplete } = said;
    const startedAt = clock.monotonic();
    const { outcomes } = await intake({ hook: hook.name, observations, incomplete });
    this.#ledgerWait.observe((clock.monotonic() - startedAt) / 1000, { hook: hook.name });
    // Hooks are lossy: one that spoke is a reason to look at what else happened there.
    const seen = new Set<string>();
    for (const { registry, repository } of [...observations, ...incomplete]) {
      const key = `${registry}/${repository}`;
      if (seen.has(key)) continue;
      seen.add(key);
      confirm(registry, repository);
    }
    return outcomes;
  }

  /** Before the acknowledgement: SNS repeats a confirmation that was not answered 2xx. */
  async #follow(url: string, hook: HookOptions): Promise<void> {
    const { fetchText, log } = this.#options;
    try {
      await fetchText(url, followLimits);
    } catch (cause) {
      throw new ManifeedError('UNAVAILABLE', 'confirm SNS subscription: no answer from AWS', { cause });
    }
    log.info({ hook: hook.name }, 'SNS subscription confirmed');
  }
}

function queryPayload(query: unknown): Buffer {
  const payload = typeof query === 'object' && query !== null && 'payload' in query ? query.payload : '';
  return Buffer.from(typeof payload === 'string' ? payload : '', 'utf8');
}

function send(
  reply: FastifyReply,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): FastifyReply {
  void reply.code(status).headers(headers);
  return body === undefined
    ? reply.send()
    : reply.type('application/json; charset=utf-8').send(JSON.stringify(body));
}

function resultOf(code: ErrorCode): string {
  if (code === 'UNAUTHORIZED') return 'unauthorized';
  if (code === 'UNAVAILABLE' || code === 'INTERNAL') return 'unavailable';
  return 'invalid';
}

/**
 * Why nothing could be stored (a full disk, a Redis that is away): the operator's to mend. Of other refusals only
 * the code is logged: their message may repeat what the delivery carried.
 */
function reasonOf(error: Error): { readonly reason?: string } {
  if (!(error instanceof ManifeedError) || error.code !== 'UNAVAILABLE') return {};
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return { reason: `${error.message}${cause}`.slice(0, maxReasonLength) };
}

/** Gives fastify's own refusals (codes `FST_ERR_CTP_*`, torn bodies) their place in the catalogue. */
function translate(error: FastifyError): Error {
  if (error instanceof ManifeedError) return error;
  const { statusCode } = error;
  if (statusCode === 413) {
    return new ManifeedError('BODY_TOO_LARGE', 'read webhook body: over the cap: must be within maxBytes');
  }
  if (statusCode === 415) {
    return new ManifeedError('UNSUPPORTED_MEDIA_TYPE', 'read webhook body: no content type: must be JSON');
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new ManifeedError('BODY_INVALID', 'read webhook body: incomplete: must be as long as announced');
  }
  return error;
}
