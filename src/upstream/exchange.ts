import { lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, type Dispatcher } from 'undici';
import type { Clock } from '../lib/clock.ts';
import { type NetworkCause, networkCauseOf } from '../lib/network-causes.ts';
import { trusting } from '../lib/trusted-certificates.ts';
import { codingOf, decode } from './content-coding.ts';
import type { UpstreamOptions } from './options.ts';
import { addressInHostname, isPrivateAddress } from './private-address.ts';
import type { AnswerHeaders } from './rate-limit.ts';
import { UpstreamError } from './upstream-error.ts';

/** One request, ready to be sent. */
export interface ExchangeRequest {
  readonly method: 'HEAD' | 'GET' | 'POST';
  readonly url: URL;
  /** Alternating names and values: no object is built for each request. */
  readonly headers: string[];
  readonly body?: string;
  /** A larger body fails the request and closes the connection. */
  readonly maxBytes: number;
  /** From the call to the last byte, so that a slow drip ends too. */
  readonly timeoutMs: number;
  /** `own`: the registry as configured. `foreign`: a host that it named; its certificate is always verified. */
  readonly peer: 'own' | 'foreign';
  readonly refusePrivate: boolean;
}

/** A whole answer; `body` without the coding that its headers may name. */
export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Buffer;
}

/** Sends requests to one registry, and to hosts that it names. */
export interface Exchange {
  /** @throws UpstreamError timeout, network, too-large, invalid (coding), redirect (private address), closed */
  send(request: ExchangeRequest): Promise<Answer>;
  close(): Promise<void>;
}

interface ExchangeOptions extends Pick<UpstreamOptions, 'ca' | 'insecureSkipVerify'> {
  /** Most connections to the registry, ≥ 1. */
  readonly connections: number;
  readonly clock: Clock;
}

const connectTimeoutMs = 10_000;
const maxHeaderBytes = 32 * 1024;
const keepAliveMs = 30_000;
/** Connections to each host that a registry names; such requests are rare. */
const foreignConnections = 4;
const maxForeignOrigins = 64;
const nothing = Buffer.alloc(0);

/**
 * One HTTP exchange: a request and its answer. It bounds bytes and time and checks addresses. It follows no
 * redirect, knows no credentials and retries nothing.
 *
 * It uses undici's `dispatch`: `request` and `fetch` create a stream or an AbortSignal for each of thousands of
 * HEADs a second.
 */
export function createExchange(options: ExchangeOptions): Exchange {
  const secureContext = trusting(options.ca);
  const common = {
    // One timer over the whole exchange replaces both.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: maxHeaderBytes,
    keepAliveTimeout: keepAliveMs,
    pipelining: 1,
    allowH2: false,
  };
  const tls = { timeout: connectTimeoutMs, secureContext };
  const own = new Agent({
    ...common,
    connections: options.connections,
    connect: { ...tls, rejectUnauthorized: options.insecureSkipVerify !== true },
  });
  const foreignCommon = { ...common, connections: foreignConnections, maxOrigins: maxForeignOrigins };
  const foreign = new Agent({ ...foreignCommon, connect: tls });
  const guarded = new Agent({ ...foreignCommon, connect: { ...tls, lookup: publicLookup } });
  let closed = false;

  return {
    send(request) {
      if (closed) return Promise.reject(new UpstreamError('closed', 'send request: the poller is closed'));
      if (request.peer === 'own') return dispatch(own, request, options.clock);
      if (!request.refusePrivate) return dispatch(foreign, request, options.clock);
      const address = addressInHostname(request.url.hostname);
      if (address !== null && isPrivateAddress(address))
        return Promise.reject(privateError(request.url.host));
      return dispatch(guarded, request, options.clock);
    },
    async close() {
      closed = true;
      await Promise.all([own.destroy(), foreign.destroy(), guarded.destroy()]);
    },
  };
}

function dispatch(agent: Dispatcher, request: ExchangeRequest, clock: Clock): Promise<Answer> {
  const { url, maxBytes } = request;
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let failure: UpstreamError | undefined;
    let status = 0;
    let headers: AnswerHeaders = {};
    const chunks: Buffer[] = [];
    let bytes = 0;

    const fail = (error: UpstreamError) => {
      cancelTimer();
      failure ??= error;
      controller?.abort(failure);
      reject(failure);
    };
    const cancelTimer = clock.after(request.timeoutMs, () =>
      fail(
        new UpstreamError(
          'timeout',
          `${describe(request)}: no complete answer within ${request.timeoutMs} ms`,
        ),
      ),
    );

    try {
      agent.dispatch(
        {
          origin: url.origin,
          path: url.pathname + url.search,
          method: request.method,
          headers: request.headers,
          body: request.body ?? null,
          // By default undici closes the connection after a HEAD: every look would need a handshake.
          reset: false,
        },
        {
          onRequestStart(started) {
            controller = started;
            if (failure !== undefined) started.abort(failure);
          },
          onResponseStart(_controller, statusCode, answerHeaders) {
            // Skip informational answers (103).
            if (statusCode < 200) return;
            status = statusCode;
            headers = answerHeaders;
          },
          onResponseData(_controller, chunk) {
            bytes += chunk.length;
            if (bytes > maxBytes) {
              fail(
                new UpstreamError('too-large', `${describe(request)}: body larger than ${maxBytes} bytes`),
              );
            } else {
              chunks.push(chunk);
            }
          },
          onResponseEnd() {
            cancelTimer();
            const body = chunks.length === 0 ? nothing : Buffer.concat(chunks, bytes);
            const coding = bytes === 0 ? null : codingOf(headers);
            if (coding === null) resolve({ status, headers, body });
            else
              decode(body, coding, maxBytes, describe(request)).then(
                (decoded) => resolve({ status, headers, body: decoded }),
                reject,
              );
          },
          onResponseError(_controller, error) {
            cancelTimer();
            reject(failure ?? networkError(request, error));
          },
        },
      );
    } catch (error) {
      // undici throws at once for some requests, for example if the agent is closed.
      fail(networkError(request, error instanceof Error ? error : new Error(String(error))));
    }
  });
}

/** Leaves out the query string, which may hold a token. */
function describe(request: ExchangeRequest): string {
  return `${request.method} ${request.url.host}${request.url.pathname}`;
}

function networkError(request: ExchangeRequest, error: Error): UpstreamError {
  if (error instanceof UpstreamError) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  const known = networkCauseOf(code);
  const what = known === null ? `no answer (${code})` : `${known.text} (${code}): ${needs[known.cause]}`;
  // What speaks TLS ends a connection without it in some way of its own.
  const isPlain = request.url.protocol === 'http:' && (known?.cause === 'cut' || known?.cause === 'no-http');
  const hint = isPlain ? '; if it speaks TLS, plainHttp must be false' : '';
  return new UpstreamError('network', `${describe(request)}: ${what}${hint}`, error);
}

const needs: Readonly<Record<NetworkCause, string>> = {
  'plain-http': 'must speak TLS, unless plainHttp is true',
  expired: 'must be valid',
  'not-yet-valid': 'must be valid, and the clock here right',
  'other-name': 'must have the name that is asked',
  untrusted: 'must be trusted: caFile can name its authority',
  'old-tls': 'must speak TLS 1.2 or later',
  tls: 'must be agreed on',
  refused: 'must be up, at this host and port',
  'no-name': 'must have one: is the host right?',
  unreachable: 'must be reachable from here',
  cut: 'must stay until the answer is whole',
  'no-http': 'must be HTTP',
  'large-head': `must be at most ${maxHeaderBytes} bytes`,
};

function privateError(host: string): UpstreamError {
  return new UpstreamError('redirect', `follow to ${host}: a private address: must be a public one`);
}

/** Checks the very addresses that the connection will use, so a later DNS answer cannot differ. */
const publicLookup: LookupFunction = (hostname, options, done) => {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return done(error, '', 0);
    const refused = addresses.find(({ address }) => isIP(address) === 0 || isPrivateAddress(address));
    const first = addresses[0];
    if (refused !== undefined || first === undefined) {
      return done(privateError(hostname), '', 0);
    }
    if (options.all === true) done(null, addresses);
    else done(null, first.address, first.family);
  });
};
