/**
 * A request for a stream, whichever road it came: read from a bare socket by the net front, or by node:http
 * and fastify. From here on both are the same: a head is read to an opening, which opens on a connection.
 */
import type { Socket } from 'node:net';
import type { ErrorCode, ManifeedError } from '../errors.ts';
import { tokenInQuery } from './access-token.ts';
import type { ClientGrant } from './subscribe-params.ts';

export interface StreamHead {
  /** Without the question mark. */
  readonly query: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What a head asks for, or why it is refused: all that can be known before there is a connection. */
export interface Opening {
  /** Whether an equal head, but for the WebSocket's key, would be read to the same at any time. */
  readonly lasting: boolean;
  /** Serves one stream. Never throws: what is wrong is answered on the socket. */
  open(connection: StreamConnection): void;
}

export interface StreamConnection {
  /** The client's address group; behind trusted proxies, of the address that they name. */
  readonly address: string;
  /** Nobody else writes to it or reads from it any more. */
  readonly socket: Socket;
  /** `Sec-WebSocket-Key`, '' where none was sent. */
  readonly key: string;
  /** Bytes that came behind the head. */
  readonly rest: Buffer;
}

/** Whom a refusal concerns, for the log. */
export type Who = Pick<StreamConnection, 'socket' | 'address'>;

/** The one check that every stream passes, whatever its transport and road; made by the composition root. */
export interface Admission {
  /**
   * Counts a connection that was authorised in, or says why not. What entered leaves, once.
   *
   * @param address as `lib/address-group.ts` names it
   * @throws DRAINING, TOO_MANY_CONNECTIONS, TOO_MANY_REQUESTS
   */
  enter(address: string): void;
  leave(address: string): void;
  /**
   * Likewise for a connection whose token is still to come. Once it has come, `admit` makes it one that entered;
   * until then, and where `admit` throws, it is still waiting.
   *
   * @throws DRAINING, TOO_MANY_CONNECTIONS, TOO_MANY_REQUESTS
   */
  enterWaiting(address: string): void;
  /** @throws as `enter` */
  admit(address: string): void;
  leaveWaiting(address: string): void;
  /**
   * @param token as given, null where none was
   * @throws UNAUTHORIZED
   */
  authorise(token: string | null): ClientGrant;
  /** Whether a stream without a token may still send one in its first message. */
  readonly needsToken: boolean;
  /** CORS headers for an origin, as header lines; empty where it is not allowed. */
  corsHeaders(origin: string | undefined): string;
  /**
   * Whether this gateway may be called so.
   *
   * @throws ORIGIN_DENIED
   */
  checkHost(host: string | undefined): void;
  /** Whether a page of this origin may call the gateway by this host. */
  allowsOrigin(origin: string | undefined, host: string | undefined): boolean;
  /** Why it may not, and what to do. */
  explainOrigin(origin: string | undefined, host: string | undefined): string;
  knowsRegistry(host: string): boolean;
  /** The latest `since` that is not in the future: now, or the newest change where the clock is behind it, ms. */
  latestSince(): number;
  /** Counts a refusal for the metrics. */
  refused(code: ErrorCode): void;
  /** Counts a refused opening, and says why in the log, once in a while: a page learns nothing of it. */
  refusedHandshake(error: ManifeedError, who: Who, transport: string): void;
  /** Says in the log, once in a while, that a page may not read its answer. */
  foreignPage(why: string, who: Who, transport: string): void;
}

/**
 * Path and query (without the question mark) of a request's target, in origin or absolute form (RFC 9112, 3.2).
 * Not `new URL`: that throws at what a stranger may send, `//` for one.
 */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const local = target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/#.*$/s, '');
  const mark = local.indexOf('?');
  if (mark < 0) return { path: local, query: '' };
  return { path: local.slice(0, mark), query: local.slice(mark + 1) };
}

export function header(request: Pick<StreamHead, 'headers'>, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The token of a request: `Authorization: Bearer` (RFC 6750, 2.1), else `access_token` (2.3) for EventSource. */
export function tokenOf(request: StreamHead): string | null {
  const authorization = header(request, 'authorization');
  const match = authorization === undefined ? null : /^Bearer +(\S+) *$/i.exec(authorization);
  if (match?.[1] !== undefined) return match[1];
  // An Authorization that is no bearer token must not fall through to "no token".
  if (authorization !== undefined) return authorization;
  return tokenInQuery(request.query);
}
