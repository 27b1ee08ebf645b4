/** A request for a stream, on either road: a head becomes an opening, which opens on a connection. */
import type { Socket } from 'node:net';

/** The part of a request's head that concerns a stream. */
export interface StreamHead {
  /** Without the question mark. */
  readonly query: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What a head asks for, or why it is refused: all that is known before there is a connection. */
export interface Opening {
  /** Whether an equal head, apart from the WebSocket's key, is always read to the same opening. */
  readonly lasting: boolean;
  /** Serves one stream. Never throws: errors are answered on the socket. */
  open(connection: StreamConnection): void;
}

/** The connection on which an opening opens. */
export interface StreamConnection {
  /** The client's address group; behind trusted proxies, of the address that they name. */
  readonly address: string;
  /** Nobody else writes to it or reads from it. */
  readonly socket: Socket;
  /** `Sec-WebSocket-Key`; '': none was sent. */
  readonly key: string;
}

/**
 * Path and query (without the question mark) of a request's target, in origin or absolute form (RFC 9112, 3.2). Not
 * `new URL`, which throws at input such as `//`.
 */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const local = target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/#.*$/s, '');
  const mark = local.indexOf('?');
  if (mark < 0) return { path: local, query: '' };
  return { path: local.slice(0, mark), query: local.slice(mark + 1) };
}

/** A header's value, of several the first. @param name lower case */
export function header(request: Pick<StreamHead, 'headers'>, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/**
 * The token of a request of any method. Only GET and HEAD may have it as the password of `Basic`: a browser that knows
 * a password sends it by itself, also for a foreign page.
 */
export function requestTokenOf({ method = '', url = '', headers }: RequestHead): string | null {
  const head = { headers, query: splitTarget(url).query };
  return method === 'GET' || method === 'HEAD' ? tokenOrPasswordOf(head) : tokenOf(head);
}

/** As node:http and fastify have it. */
interface RequestHead extends Pick<StreamHead, 'headers'> {
  readonly method?: string | undefined;
  /** The target. */
  readonly url?: string | undefined;
}

/** `Authorization: Bearer` (RFC 6750, 2.1), else `access_token` (2.3) for EventSource. */
function tokenOf(request: StreamHead): string | null {
  const authorization = header(request, 'authorization');
  const match = authorization === undefined ? null : /^Bearer +(\S+) *$/i.exec(authorization);
  if (match?.[1] !== undefined) return match[1];
  // Any other Authorization must not count as "no token".
  if (authorization !== undefined) return authorization;
  return tokenInQuery(request.query);
}

/**
 * The token of a GET: `Authorization: Bearer` or `access_token`, and the password of `Authorization: Basic` for clients
 * that know no other way, such as feed readers.
 */
export function tokenOrPasswordOf(request: StreamHead): string | null {
  const authorization = header(request, 'authorization');
  const password = authorization === undefined ? null : passwordOf(authorization);
  return password ?? tokenOf(request);
}

/** The password of `Authorization: Basic` (RFC 7617), with any user name; null: another scheme, or no such value. */
function passwordOf(authorization: string): string | null {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization)?.[1];
  if (encoded === undefined) return null;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? null : decoded.slice(colon + 1);
}

/** The token in a URL's query (RFC 6750, 2.3), to be recognised in every spelling, `access%5Ftoken` included. */
const parameter = 'access_token';

/** The first token of a query without the question mark; null: none. */
export function tokenInQuery(query: string): string | null {
  return mayHold(query) ? new URLSearchParams(query).get(parameter) : null;
}

/** The query without its tokens, otherwise unchanged. */
export function withoutToken(query: string): string {
  if (!mayHold(query)) return query;
  return query
    .split('&')
    .filter((pair) => !isToken(pair))
    .join('&');
}

/** A URL for the log, its tokens as `***`. Ignores case, so that a mistyped name is masked too. */
export function maskToken(url: string): string {
  const mark = url.indexOf('?');
  if (mark < 0) return url;
  const pairs = url.slice(mark + 1).split('&');
  const masked = pairs.map((pair) => (isToken(pair) ? `${pair.split('=', 1)[0]}=***` : pair));
  return `${url.slice(0, mark + 1)}${masked.join('&')}`;
}

function isToken(pair: string): boolean {
  const name = pair.split('=', 1)[0] ?? '';
  if (name.length < parameter.length) return false;
  return [...new URLSearchParams(name).keys()][0]?.toLowerCase() === parameter;
}

/** A fast first test: most queries hold no token, and a reconnect storm brings ten thousand a second. */
function mayHold(query: string): boolean {
  return /%|access_token/i.test(query);
}
