import type { ErrorCode, ManifeedError } from '../errors.ts';
import type { Grant } from '../event/grant.ts';
import type { Client } from '../lib/address-group.ts';

/** The one check of every stream, on every transport and road. Addresses are groups (`lib/address-group.ts`). */
export interface Admission {
  /** Counts a connection in, until it leaves. @throws DRAINING, TOO_MANY_CONNECTIONS, TOO_MANY_REQUESTS */
  enter(address: string): void;
  leave(address: string): void;
  /** Counts in a connection whose token is to come. If `admit` throws, it still waits. @throws as `enter` */
  enterWaiting(address: string): void;
  /** @throws as `enter` */
  admit(address: string): void;
  leaveWaiting(address: string): void;
  /** The grant of a token; null: none was sent. @throws UNAUTHORIZED */
  authorise(token: string | null): Grant;
  /** Whether a stream without a token may still send one in its first message. */
  readonly needsToken: boolean;
  /** @throws ORIGIN_DENIED if the gateway does not answer to this `Host` */
  checkHost(host: string | undefined): void;
  readonly origins: {
    /** CORS headers for an origin, as header lines; without the permission if it is not allowed. */
    corsHeaders(origin: string | undefined): string;
    /** Whether a page of this origin may call the gateway by this host. */
    allows(origin: string | undefined, host: string | undefined): boolean;
    /** Why the origin is not allowed, and what to do. */
    explain(origin: string | undefined, host: string | undefined): string;
  };
  knowsRegistry(host: string): boolean;
  /** The latest `since` that is not in the future, ms: now, or the newest change if the clock is behind it. */
  latestSince(): number;
  /** Counts a refusal for the metrics. */
  refused(code: ErrorCode): void;
  /** Counts a refused opening, and logs why at a bounded rate: the browser does not tell the page. */
  refusedHandshake(error: ManifeedError, client: Client, transport: string): void;
  /** Logs at a bounded rate that a page may not read its answer. */
  foreignPage(why: string, client: Client, transport: string): void;
}
