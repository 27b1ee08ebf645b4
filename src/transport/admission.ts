import type { Socket } from 'node:net';
import type { ErrorCode, ManifeedError } from '../errors.ts';
import type { Grant } from '../event/grant.ts';

/** Whom a refusal concerns, for the log. */
export interface Who {
  readonly socket: Pick<Socket, 'remoteAddress'>;
  /** The client's address group. */
  readonly address: string;
}

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
  authorise(token: string | null): Grant;
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
