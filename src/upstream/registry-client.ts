/**
 * Asks one registry under one identity, within its concurrency and budget, and obeys what answers say about load.
 * It never decides what an answer means for a repository.
 */
import { createHash } from 'node:crypto';
import type { RequestBudget } from '../cluster/request-budget.ts';
import { invalidParameter } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Counter } from '../lib/metrics.ts';
import type { Random } from '../lib/random.ts';
import { afterRefusal, closedBreaker } from './breaker.ts';
import type { Answer, Exchange, ExchangeRequest } from './exchange.ts';
import { Gate } from './gate.ts';
import { metadataEndpoint, registryEndpoint, type UpstreamOptions } from './options.ts';
import { addressInHostname, isPrivateAddress } from './private-address.ts';
import { headerOf, judge, parseRateLimit, parseRetryAfter } from './rate-limit.ts';
import { realmRefused, realmRule } from './token-service.ts';
import { createTokens } from './tokens.ts';
import { UpstreamError } from './upstream-error.ts';

export type RequestKind = 'head' | 'manifest' | 'tags' | 'metadata' | 'token';
export type Pressure = '429' | '503';

export interface ClientRequest {
  readonly kind: RequestKind;
  readonly method: 'HEAD' | 'GET';
  readonly url: URL;
  /** Token scope, `repository:library/nginx:pull`. */
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

export interface Reply extends Answer {
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  /** When the request that got this answer was sent, monotonic ms. */
  readonly sentAt: number;
}

export interface RegistryClient {
  /** Base URL of the registry's API, with a trailing slash. */
  readonly base: URL;
  /** Base URL of the metadata API, with a trailing slash. */
  readonly metadataBase: URL;
  /** @throws UpstreamError refused, server, timeout, network, denied, too-large, redirect, closed */
  send(request: ClientRequest): Promise<Reply>;
  /** How long nothing will be sent, ms, as far as is known: a pause, or an exhausted budget. */
  readonly blockedForMs: number;
  close(): Promise<void>;
}

export interface RegistryClientDeps {
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
const userAgent = 'manifeed (+https://github.com/opencontainers/distribution-spec)';

export function createRegistryClient(options: UpstreamOptions, deps: RegistryClientDeps): RegistryClient {
  const { exchange, budget, clock } = deps;
  const base = new URL(`${registryEndpoint(options)}/`);
  const metadataBase = new URL(`${metadataEndpoint(options, deps.metadataEndpoint)}/`);
  const plainHttp = options.plainHttp === true;
  if (base.protocol !== 'https:' && !(base.protocol === 'http:' && plainHttp)) {
    throw invalidParameter(
      'registries',
      `poll ${options.host}: endpoint ${base.protocol}//${base.host}: must be https, unless plainHttp is true`,
    );
  }
  const gate = new Gate(budget, options.poll.concurrency, clock);
  const reserve = options.poll.reserve ?? defaultReserve;
  let breaker = closedBreaker;
  let pausedUntil = 0;
  let stops = 0;
  let lastWarning = { requestsPerSecond: options.poll.requestsPerSecond, at: -Infinity };

  const tokens = createTokens({
    host: options.host,
    credentials:
      options.username === undefined || options.password === undefined
        ? null
        : { username: options.username, password: options.password },
    plainHttp,
    clock,
    random: deps.random,
    askRealm,
  });

  async function askRealm(
    url: URL,
    { authorization, form }: { readonly authorization: string | null; readonly form: string | null },
  ): Promise<Reply> {
    const service = { host: options.host, base, tokenService: options.tokenService };
    const rule = realmRule(url, service);
    if (rule === 'refused') throw realmRefused(url, service);
    const headers = ['accept', 'application/json', 'user-agent', userAgent];
    if (authorization !== null) headers.push('authorization', authorization);
    if (form !== null) headers.push('content-type', 'application/x-www-form-urlencoded');
    try {
      return await pass('token', false, undefined, {
        method: form === null ? 'GET' : 'POST',
        url,
        headers,
        ...(form === null ? {} : { body: form }),
        maxBytes: maxTokenBytes,
        timeoutMs: headTimeoutMs,
        peer: rule === 'trusted' && url.hostname === base.hostname ? 'own' : 'foreign',
        refusePrivate: rule === 'public',
      });
    } catch (error) {
      // The exchange refused a private address, but cannot name the setting that would allow it.
      if (error instanceof UpstreamError && error.reason === 'redirect') throw realmRefused(url, service);
      throw error;
    }
  }

  /** Sends one request through the gate, counts it, and obeys what the answer says about load. */
  async function pass(
    requestKind: RequestKind,
    urgent: boolean,
    signal: AbortSignal | undefined,
    request: ExchangeRequest,
  ): Promise<Reply> {
    await gate.enter(urgent, signal);
    const sentAt = clock.monotonic();
    let status = 'network';
    try {
      const answer = await exchange.send(request);
      status = String(answer.status);
      await heed(answer, request.url);
      return { ...answer, url: request.url, sentAt };
    } catch (error) {
      if (status === 'network' && error instanceof UpstreamError) status = error.reason;
      throw error;
    } finally {
      gate.leave();
      deps.requests.inc({ registry: options.host, kind: requestKind, status });
    }
  }

  /** Obeys what an answer says about load. @throws UpstreamError refused, server */
  async function heed(answer: Answer, url: URL): Promise<void> {
    const { status, headers } = answer;
    const retryAfterMs = parseRetryAfter(headerOf(headers, 'retry-after'), clock.now());
    if (status === 429 || (status === 503 && retryAfterMs !== null)) {
      const refusal = afterRefusal(breaker, retryAfterMs, deps.random);
      breaker = refusal.state;
      await pause(refusal.pauseMs);
      deps.onPressure(status === 429 ? '429' : '503');
      throw new UpstreamError(
        'refused',
        `ask ${url.host}: status ${status}, paused for ${Math.ceil(refusal.pauseMs)} ms`,
      );
    }
    breaker = closedBreaker;
    if (status === 503) deps.onPressure('503');
    if (status >= 500) {
      throw new UpstreamError('server', `ask ${url.host}${url.pathname}: status ${status}: must be 200`);
    }
    await heedLimit(answer);
  }

  function pause(forMs: number): Promise<void> {
    pausedUntil = Math.max(pausedUntil, clock.monotonic() + forMs);
    return budget.pause(forMs);
  }

  async function heedLimit(answer: Answer): Promise<void> {
    const limit = parseRateLimit(answer.headers, clock.now());
    if (limit === null) return;
    deps.onRemaining(limit.remaining);
    const verdict = judge(limit, reserve, options.poll.requestsPerSecond, stops);
    stops = verdict.kind === 'stop' ? stops + 1 : 0;
    if (verdict.kind === 'go') return warn(options.poll.requestsPerSecond, 1);
    if (verdict.kind === 'slow') return warn(verdict.requestsPerSecond, verdict.forMs);
    await pause(verdict.forMs);
    // After the pause one probe goes out, not a whole round.
    await warn(1_000 / verdict.forMs, verdict.forMs * 2);
  }

  /** Passes a rate on to the budget, unless it is close to the one passed on last. */
  async function warn(requestsPerSecond: number, forMs: number): Promise<void> {
    const now = clock.monotonic();
    const like = Math.abs(requestsPerSecond / lastWarning.requestsPerSecond - 1) < 0.1;
    const full = requestsPerSecond === options.poll.requestsPerSecond;
    if (like && (full || now - lastWarning.at < repeatWarningMs)) return;
    lastWarning = { requestsPerSecond, at: now };
    await budget.slow(requestsPerSecond, forMs);
  }

  /** Sends to one URL. Retries once, over a fresh connection, if a kept one was dead. */
  async function sendTo(request: ClientRequest, url: URL, authorization: string | null): Promise<Reply> {
    const headers = ['accept', request.accept, 'user-agent', userAgent];
    if (authorization !== null) headers.push('authorization', authorization);
    // A configured host may have a private address; a host that a redirect named may not.
    const configured = url.origin === base.origin || url.origin === metadataBase.origin;
    const outgoing: ExchangeRequest = {
      method: request.method,
      url,
      headers,
      maxBytes: request.maxBytes,
      timeoutMs: request.method === 'HEAD' ? headTimeoutMs : bodyTimeoutMs,
      peer: configured && url.hostname === base.hostname ? 'own' : 'foreign',
      refusePrivate: !configured && options.allowPrivateRedirects !== true,
    };
    const urgent = request.urgent === true;
    try {
      return await pass(request.kind, urgent, request.signal, outgoing);
    } catch (error) {
      if (!isBrokenConnection(error)) throw error;
      return pass(request.kind, urgent, request.signal, outgoing);
    }
  }

  /** Sends credentials only to the registry's own origin. */
  async function sendAuthorized(request: ClientRequest, url: URL): Promise<Reply> {
    if (url.origin !== base.origin || request.authorize === 'nothing') return sendTo(request, url, null);
    if (request.authorize === 'basic') return sendTo(request, url, tokens.basic);
    const used = await tokens.current(request.scope);
    const reply = await sendTo(request, url, used);
    if (reply.status !== 401) return reply;
    const better = await tokens.answer(request.scope, headerValues(reply, 'www-authenticate'), used);
    return better === null ? reply : sendTo(request, url, better);
  }

  return {
    base,
    metadataBase,
    get blockedForMs() {
      return Math.max(gate.blockedForMs, pausedUntil - clock.monotonic());
    },
    async send(request) {
      let { url } = request;
      for (let n = 0; n <= maxRedirects; n += 1) {
        const reply = await sendAuthorized(request, url);
        if (reply.status === 401 || reply.status === 403) {
          throw new UpstreamError(
            'denied',
            `ask ${url.host}${url.pathname}: status ${reply.status}: the credentials must permit a pull`,
          );
        }
        const target = redirectTarget(reply);
        if (target === null) return reply;
        refuseRedirect(url, target, plainHttp, options.allowPrivateRedirects === true);
        url = target;
      }
      throw new UpstreamError(
        'redirect',
        `ask ${request.url.host}${request.url.pathname}: more than ${maxRedirects} redirects`,
      );
    },
    async close() {
      gate.close();
      await exchange.close();
    },
  };
}

/** The key of the budget of a registry and an identity; it does not reveal the identity. */
export function budgetKey(options: UpstreamOptions): string {
  if (options.username === undefined) return options.host;
  return `${options.host}|${createHash('sha256').update(options.username).digest('hex').slice(0, 16)}`;
}

function redirectTarget(reply: Reply): URL | null {
  if (![301, 302, 303, 307, 308].includes(reply.status)) return null;
  const location = headerOf(reply.headers, 'location');
  if (location === null || !URL.canParse(location, reply.url.href)) {
    throw new UpstreamError('redirect', `follow redirect of ${reply.url.host}: no usable Location`);
  }
  return new URL(location, reply.url);
}

/** Checks the scheme and a literal address. The addresses of a name are checked while connecting. */
function refuseRedirect(from: URL, to: URL, plainHttp: boolean, allowPrivate: boolean): void {
  if (to.protocol !== 'https:' && !(to.protocol === 'http:' && plainHttp && from.protocol === 'http:')) {
    throw new UpstreamError(
      'redirect',
      `follow redirect of ${from.host}: ${to.protocol} refused: must be https:`,
    );
  }
  if (to.username !== '' || to.password !== '') {
    throw new UpstreamError('redirect', `follow redirect of ${from.host}: credentials in the URL refused`);
  }
  // Another port of the same address is another service: a registry must not make us call its neighbours.
  const address = addressInHostname(to.hostname);
  if (to.origin !== from.origin && address !== null && isPrivateAddress(address) && !allowPrivate) {
    throw new UpstreamError('redirect', `follow redirect of ${from.host}: to ${to.host}, a private address`);
  }
}

function headerValues(reply: Reply, name: string): readonly string[] {
  const value = reply.headers[name];
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

/** Whether the registry closed a kept connection at the moment of sending. */
function isBrokenConnection(error: unknown): boolean {
  if (!(error instanceof UpstreamError) || error.reason !== 'network') return false;
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}
