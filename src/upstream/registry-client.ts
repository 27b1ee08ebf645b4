import { createHash } from 'node:crypto';
import type { RequestBudget } from '../cluster/cluster.ts';
import { invalidParameter } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Counter } from '../lib/metrics.ts';
import type { Random } from '../lib/random.ts';
import { parseRetryAfter } from '../lib/retry-after.ts';
import { afterRefusal, closedBreaker } from './breaker.ts';
import type { Answer, Exchange, ExchangeRequest } from './exchange.ts';
import { Gate } from './gate.ts';
import { metadataEndpoint, registryEndpoint, type UpstreamOptions } from './options.ts';
import { headerOf, judge, parseRateLimit, valuesOf } from './rate-limit.ts';
import { redirectTarget, refuseRedirect } from './redirects.ts';
import { realmRefused, realmRule } from './token-service.ts';
import { type AskRealm, Tokens } from './tokens.ts';
import { UpstreamError } from './upstream-error.ts';

type RequestKind = 'head' | 'manifest' | 'tags' | 'metadata' | 'ping' | 'token';
/** How a registry asked to slow down. */
export type Pressure = '429' | '503';

/** One request, before authorization and redirects. */
export interface ClientRequest {
  readonly kind: RequestKind;
  readonly method: 'HEAD' | 'GET';
  readonly url: URL;
  /** The usual token scope, `repository:library/nginx:pull`; a registry may name another one. */
  readonly scope: string;
  readonly accept: string;
  /** For the registry's own origin: what it asks for (default), the bare credentials, or nothing. */
  readonly authorize?: 'asked' | 'basic' | 'nothing';
  readonly maxBytes: number;
  /** Goes before waiting looks; for webhook completions. */
  readonly urgent?: boolean;
  /** Gives up while the request waits for its turn. */
  readonly signal?: AbortSignal;
}

/** An answer, and where it came from. */
export interface Reply extends Answer {
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  /** When the request that got this answer was sent, monotonic ms. */
  readonly sentAt: number;
}

interface RegistryClientDeps {
  readonly exchange: Exchange;
  /** The kind's metadata API; default: the registry itself. */
  readonly metadataEndpoint?: string | undefined;
  readonly budget: RequestBudget;
  readonly clock: Clock;
  readonly random: Random;
  /** Labels: registry, kind, status. */
  readonly requests: Counter;
  readonly onPressure: (kind: Pressure) => void;
  readonly onRemaining: (remaining: number) => void;
}

const maxRedirects = 5;
const headTimeoutMs = 15_000;
const bodyTimeoutMs = 30_000;
const maxTokenBytes = 256 * 1024;
const defaultReserve = 10;
/** A warning like the last one is passed on at most this often, ms: a shared budget is a network call away. */
const repeatWarningMs = 10_000;
/** The bytes of a manifest matter, so no coding of them is asked for. */
const commonHeaders = ['user-agent', 'manifeed', 'accept-encoding', 'identity'];

/**
 * Asks one registry under one identity, within its concurrency and budget, and obeys what answers say about load.
 * It never decides what an answer means for a repository.
 */
export class RegistryClient {
  /** Base URL of the registry's API, with a trailing slash. */
  readonly base: URL;
  /** Base URL of the metadata API, with a trailing slash. */
  readonly metadataBase: URL;
  readonly #options: UpstreamOptions;
  readonly #deps: RegistryClientDeps;
  readonly #gate: Gate;
  readonly #tokens: Tokens;
  #breaker = closedBreaker;
  #pausedUntil = 0;
  #refusedAt: number | null = null;
  #namesVersion: boolean | null = null;
  #stops = 0;
  #lastWarning: { readonly requestsPerSecond: number; readonly at: number };

  /** @throws PARAMETER_INVALID if the endpoint is plain HTTP and the configuration does not allow that */
  constructor(options: UpstreamOptions, deps: RegistryClientDeps) {
    const { host, username, password, plainHttp = false, poll } = options;
    const { clock, random } = deps;
    this.#options = options;
    this.#deps = deps;
    this.base = new URL(`${registryEndpoint(options)}/`);
    this.metadataBase = new URL(`${metadataEndpoint(options, deps.metadataEndpoint)}/`);
    const { protocol } = this.base;
    if (protocol !== 'https:' && !(protocol === 'http:' && plainHttp)) {
      const endpoint = `${protocol}//${this.base.host}`;
      throw invalidParameter(
        'registries',
        `poll ${host}: endpoint ${endpoint}: must be https, unless plainHttp is true`,
      );
    }
    this.#gate = new Gate(deps.budget, poll.concurrency, clock);
    this.#lastWarning = { requestsPerSecond: poll.requestsPerSecond, at: -Infinity };
    const credentials = username === undefined || password === undefined ? null : { username, password };
    const askRealm: AskRealm = (url, init) => this.#askRealm(url, init);
    this.#tokens = new Tokens({ host, credentials, plainHttp, clock, random, askRealm });
  }

  /** How long nothing will be sent, ms, as far as is known: a pause, or an exhausted budget. */
  get blockedForMs(): number {
    return Math.max(this.#gate.blockedForMs, this.#pausedUntil - this.#deps.clock.monotonic());
  }

  /** How long the registry wants no request, ms; 0: it asked for no pause. */
  get pausedForMs(): number {
    return Math.max(0, this.#pausedUntil - this.#deps.clock.monotonic());
  }

  /** When it last answered 429, or 503 with `Retry-After`, monotonic ms; null: never. */
  get refusedAt(): number | null {
    return this.#refusedAt;
  }

  /**
   * Whether its good answers have `Docker-Distribution-Api-Version`, as most registries' do; null: none has come yet.
   * One that has it is enough.
   */
  get namesVersion(): boolean | null {
    return this.#namesVersion;
  }

  /** @throws UpstreamError refused, server, timeout, network, denied, too-large, redirect, closed */
  async send(request: ClientRequest): Promise<Reply> {
    let { url } = request;
    for (let n = 0; n <= maxRedirects; n += 1) {
      const reply = await this.#sendAuthorized(request, url);
      if (reply.status === 401 || reply.status === 403) {
        throw new UpstreamError(
          'denied',
          `ask ${url.host}${url.pathname}: status ${reply.status}: ${this.#tokens.need}`,
        );
      }
      const target = redirectTarget(reply);
      if (target === null) return reply;
      refuseRedirect(url, target, this.#options);
      url = target;
    }
    throw new UpstreamError(
      'redirect',
      `ask ${request.url.host}${request.url.pathname}: more than ${maxRedirects} redirects`,
    );
  }

  /** Ends the connections, and rejects what waits. */
  async close(): Promise<void> {
    this.#gate.close();
    await this.#deps.exchange.close();
  }

  /** Sends credentials only to the registry's own origin. */
  async #sendAuthorized(request: ClientRequest, url: URL): Promise<Reply> {
    if (url.origin !== this.base.origin || request.authorize === 'nothing')
      return this.#sendTo(request, url, null);
    if (request.authorize === 'basic') return this.#sendTo(request, url, this.#tokens.basic);
    const used = await this.#tokens.current(request.scope);
    const reply = await this.#sendTo(request, url, used);
    if (reply.status !== 401) return reply;
    const better = await this.#tokens.answer(
      request.scope,
      valuesOf(reply.headers, 'www-authenticate'),
      used,
    );
    return better === null ? reply : this.#sendTo(request, url, better);
  }

  /** Sends to one URL. Retries once, over a fresh connection, if a kept one was dead. */
  async #sendTo(request: ClientRequest, url: URL, authorization: string | null): Promise<Reply> {
    const headers = ['accept', request.accept, ...commonHeaders];
    if (authorization !== null) headers.push('authorization', authorization);
    // A configured host may have a private address; a host that a redirect named may not.
    const configured = url.origin === this.base.origin || url.origin === this.metadataBase.origin;
    const outgoing: ExchangeRequest = {
      method: request.method,
      url,
      headers,
      maxBytes: request.maxBytes,
      timeoutMs: request.method === 'HEAD' ? headTimeoutMs : bodyTimeoutMs,
      peer: configured && url.hostname === this.base.hostname ? 'own' : 'foreign',
      refusePrivate: !configured && this.#options.allowPrivateRedirects !== true,
    };
    const urgent = request.urgent === true;
    const pass = () => this.#pass(request.kind, urgent, request.signal, outgoing);
    const reply = await pass().catch((error: unknown) => {
      if (isBrokenConnection(error)) return pass();
      throw error;
    });
    if (reply.status === 200 && url.origin === this.base.origin) this.#learnVersion(reply);
    return reply;
  }

  #learnVersion({ headers }: Reply): void {
    this.#namesVersion ||= headerOf(headers, 'docker-distribution-api-version') !== null;
  }

  /** Asks a token realm, if it may be asked. @throws UpstreamError as `send` */
  async #askRealm(...[url, { authorization, form }]: Parameters<AskRealm>): Promise<Reply> {
    const service = { ...this.#options, base: this.base };
    const rule = realmRule(url, service);
    if (rule === 'refused') throw realmRefused(url, service);
    const headers = ['accept', 'application/json', ...commonHeaders];
    if (authorization !== null) headers.push('authorization', authorization);
    if (form !== null) headers.push('content-type', 'application/x-www-form-urlencoded');
    try {
      return await this.#pass('token', false, undefined, {
        method: form === null ? 'GET' : 'POST',
        url,
        headers,
        ...(form === null ? {} : { body: form }),
        maxBytes: maxTokenBytes,
        timeoutMs: headTimeoutMs,
        peer: rule === 'trusted' && url.hostname === this.base.hostname ? 'own' : 'foreign',
        refusePrivate: rule === 'public',
      });
    } catch (error) {
      // The exchange refused a private address, but cannot name the setting that would allow it.
      if (error instanceof UpstreamError && error.reason === 'redirect') throw realmRefused(url, service);
      throw error;
    }
  }

  /** Sends one request through the gate, counts it, and obeys what the answer says about load. */
  async #pass(
    requestKind: RequestKind,
    urgent: boolean,
    signal: AbortSignal | undefined,
    request: ExchangeRequest,
  ): Promise<Reply> {
    await this.#gate.enter(urgent, signal);
    const sentAt = this.#deps.clock.monotonic();
    let status = 'network';
    try {
      const answer = await this.#deps.exchange.send(request);
      status = String(answer.status);
      await this.#heed(answer, request.url, sentAt);
      return { ...answer, url: request.url, sentAt };
    } catch (error) {
      if (status === 'network' && error instanceof UpstreamError) status = error.reason;
      throw error;
    } finally {
      this.#gate.leave();
      this.#deps.requests.inc({ registry: this.#options.host, kind: requestKind, status });
    }
  }

  /** Obeys what an answer says about load. @throws UpstreamError refused, server */
  async #heed(answer: Answer, url: URL, sentAt: number): Promise<void> {
    const { status, headers } = answer;
    const retryAfterMs = parseRetryAfter(headerOf(headers, 'retry-after'), this.#deps.clock.now());
    if (status === 429 || (status === 503 && retryAfterMs !== null)) {
      // What was under way at a refusal is refused for the same reason: it is one refusal, not many in a row.
      const isSame = this.#refusedAt !== null && sentAt <= this.#refusedAt;
      const before = isSame
        ? { ...this.#breaker, refusals: Math.max(0, this.#breaker.refusals - 1) }
        : this.#breaker;
      const refusal = afterRefusal(before, retryAfterMs, this.#deps.random);
      this.#breaker = refusal.state;
      this.#refusedAt = this.#deps.clock.monotonic();
      await this.#pause(refusal.pauseMs);
      this.#deps.onPressure(status === 429 ? '429' : '503');
      throw new UpstreamError(
        'refused',
        `ask ${url.host}: status ${status}, paused for ${Math.ceil(refusal.pauseMs)} ms`,
      );
    }
    this.#breaker = closedBreaker;
    if (status === 503) this.#deps.onPressure('503');
    // 501 says that it does not know the method (RFC 9110, 15.6.2), not that it is in trouble.
    if (status >= 500 && status !== 501) {
      throw new UpstreamError('server', `ask ${url.host}${url.pathname}: status ${status}: must be 200`);
    }
    await this.#heedLimit(answer);
  }

  #pause(forMs: number): Promise<void> {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#deps.clock.monotonic() + forMs);
    return this.#deps.budget.pause(forMs);
  }

  async #heedLimit(answer: Answer): Promise<void> {
    const limit = parseRateLimit(answer.headers, this.#deps.clock.now());
    if (limit === null) return;
    this.#deps.onRemaining(limit.remaining);
    const { requestsPerSecond, reserve = defaultReserve } = this.#options.poll;
    const verdict = judge(limit, reserve, requestsPerSecond, this.#stops);
    this.#stops = verdict.kind === 'stop' ? this.#stops + 1 : 0;
    if (verdict.kind === 'go') return this.#warn(requestsPerSecond, 1);
    if (verdict.kind === 'slow') return this.#warn(verdict.requestsPerSecond, verdict.forMs);
    await this.#pause(verdict.forMs);
    // After the pause one probe goes out, not a whole round.
    await this.#warn(1_000 / verdict.forMs, verdict.forMs * 2);
  }

  /** Passes a rate on to the budget, unless it is close to the one passed on last. */
  async #warn(requestsPerSecond: number, forMs: number): Promise<void> {
    const now = this.#deps.clock.monotonic();
    const like = Math.abs(requestsPerSecond / this.#lastWarning.requestsPerSecond - 1) < 0.1;
    const full = requestsPerSecond === this.#options.poll.requestsPerSecond;
    if (like && (full || now - this.#lastWarning.at < repeatWarningMs)) return;
    this.#lastWarning = { requestsPerSecond, at: now };
    await this.#deps.budget.slow(requestsPerSecond, forMs);
  }
}

/** The key of the budget of a registry and an identity; it does not reveal the identity. */
export function budgetKey(options: UpstreamOptions): string {
  if (options.username === undefined) return options.host;
  return `${options.host}|${createHash('sha256').update(options.username).digest('hex').slice(0, 16)}`;
}

/** Whether the registry closed a kept connection at the moment of sending. */
function isBrokenConnection(error: unknown): boolean {
  if (!(error instanceof UpstreamError) || error.reason !== 'network') return false;
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}
