/** Requests over HTTP, and what their refusals say. */
import { childOf } from '../abort.ts';
import { type Clock, wait } from '../clock.ts';
import { FeedError, networkError, protocolError } from '../feed-error.ts';
import type { ByteReader, FetchResponse } from '../runtime.ts';
import { isObject, type Members, parseObject } from './messages.ts';
import { sendBody } from './redirects.ts';
import { retryAfterOf } from './retry.ts';
import type { TransportParts } from './transport.ts';

/** Most characters of an answer that is read whole: a thousand changes are a tenth of it. */
export const maxAnswer = 8 * 1024 * 1024;
/** Most characters of a refusal. */
const maxRefusal = 64 * 1024;
/** Characters of a token that is taken out of refusals: shorter ones may be words. */
const leastSecret = 8;

export interface Request {
  /** `/v2/updates` */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly token: string | null;
  readonly accept: string;
  readonly signal: AbortSignal;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** How the body is sent. Default POST. */
  readonly method?: 'POST' | 'PUT' | undefined;
}

/** The answers that are no refusal: 202 says of a publication that it is stored. */
const successes: readonly number[] = [200, 202];

/**
 * Sends a GET, or `method` if there is a body.
 *
 * @throws FeedError: NETWORK, a refusal of the gateway, or PROTOCOL if the answer is not one of its own
 */
export async function request(parts: TransportParts, asked: Request): Promise<FetchResponse> {
  const { path, query, token, accept, signal, body, method = 'POST' } = asked;
  const act = `${body === undefined ? 'get' : method.toLowerCase()} ${path}`;
  const text = query.toString();
  const url = `${parts.url}${path}${text === '' ? '' : `?${text}`}`;
  const headers: Record<string, string> = { accept };
  if (token !== null) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const init = { headers, signal, cache: 'no-store' as const };
  const sent =
    body === undefined
      ? parts.fetch(url, init)
      : sendBody(parts.fetch, act, url, { ...init, method, body: JSON.stringify(body) });
  const response = await sent.catch((cause: unknown) => {
    if (cause instanceof FeedError) throw cause;
    const hint = 'no answer: is the gateway up, and, of a page, is its origin in cors.origins?';
    throw networkError(`${act}: ${hint}`, cause);
  });
  if (successes.includes(response.status)) return response;
  const refusal = await readText(response, maxRefusal);
  const { origin } = new URL(response.url || url);
  const isMoved = response.status === 401 && origin !== new URL(url).origin;
  // Some proxies show what they were sent. Errors go into logs.
  const isShown = token !== null && token.length >= leastSecret;
  throw refusalOf(
    // `fetch` leaves the token out there.
    isMoved ? `${act}: redirected to ${origin}: must be asked there at once` : act,
    response,
    isShown ? refusal.replaceAll(token, '…') : refusal,
    parts.clock,
  );
}

/** Reads a body. @throws FeedError NETWORK if it breaks off, PROTOCOL if it is longer than `max` characters */
export async function readText({ body }: FetchResponse, max = maxAnswer): Promise<string> {
  if (body === null) return '';
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await readSome(reader);
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
    if (text.length <= max) continue;
    void reader.cancel().catch(() => {});
    throw protocolError(`read answer: more than ${max} characters: must be shorter`);
  }
}

/** One chunk. @throws FeedError NETWORK */
export async function readSome(reader: ByteReader): ReturnType<ByteReader['read']> {
  try {
    return await reader.read();
  } catch (cause) {
    throw networkError('read answer: the connection broke', cause);
  }
}

/** Runs with a signal that aborts after `ms`, or with `signal`. @throws FeedError TIMEOUT, and what `run` throws */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const inner = childOf(signal);
  let isLate = false;
  void wait(clock, ms, inner.signal).then(() => {
    isLate = !inner.signal.aborted;
    inner.end();
  });
  try {
    return await run(inner.signal);
  } catch (error) {
    if (!isLate) throw error;
    throw new FeedError('TIMEOUT', `get: no answer within ${ms / 1_000} s`, { cause: error });
  } finally {
    inner.end();
  }
}

/** The error that an answer other than 200 stands for. */
function refusalOf(act: string, { status, headers }: FetchResponse, body: string, clock: Clock): FeedError {
  const retryMs = retryAfterOf(headers.get('retry-after'), clock.now());
  const told = firstError(body);
  if (told === null) {
    const hint = status >= 502 && status <= 504 ? ' that reaches no gateway' : '';
    const rule = isOfAddress(status)
      ? "something that is no gateway: must be a gateway's address"
      : `something in front of the gateway (a proxy${hint}?): must come from a gateway`;
    return protocolError(`${act}: ${status} from ${rule}`, { status, retryMs });
  }
  const { code, message, detail } = told;
  return new FeedError(String(code), `${act}: ${status} ${code}: ${message}`, {
    ...{ status, retryMs },
    detail: isObject(detail) ? detail : null,
  });
}

/** Whether any server answers so where it has no gateway. With another status a proxy may refuse what it knows. */
function isOfAddress(status: number): boolean {
  return status < 400 || status === 404;
}

/** The first of `{"errors":[{code,message,detail}]}`; null: the body is something else. */
function firstError(body: string): Members | null {
  try {
    const { errors } = parseObject(body);
    const first: unknown = Array.isArray(errors) ? errors[0] : null;
    return isObject(first) && typeof first.code === 'string' ? first : null;
  } catch {
    return null;
  }
}
