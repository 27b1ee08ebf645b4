/** Implements the transports' port: combines tokens, limits, hosts and origins, and knows whether it is draining. */
import { type ErrorCode, ManifeedError } from '../errors.ts';
import type { Grant } from '../event/grant.ts';
import { addressOf, type Client } from '../lib/address-group.ts';
import type { Log } from '../lib/log.ts';
import type { Counter, Metrics } from '../lib/metrics.ts';
import type { AccessOptions, Authorise } from './authoriser.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import type { HostCheck } from './host-check.ts';
import type { Origins } from './origins.ts';
import type { RefusalLog } from './refusal-log.ts';

interface AdmissionOptions {
  readonly access: AccessOptions;
  readonly authorise: Authorise;
  readonly limits: ConnectionLimits;
  readonly checkHost: HostCheck;
  readonly origins: Origins;
  readonly knowsRegistry: (host: string) => boolean;
  /** Gives the latest `since` that is not in the future, ms since the epoch. */
  readonly newest: { latest(): number };
  readonly refusalLog: RefusalLog;
  readonly metrics: Metrics;
  readonly log: Log;
}

export class Admission {
  readonly needsToken: boolean;
  readonly checkHost: HostCheck;
  readonly origins: Origins;
  readonly knowsRegistry: (host: string) => boolean;
  readonly #options: AdmissionOptions;
  readonly #limits: ConnectionLimits;
  readonly #refusals: Counter;
  #isDraining = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#limits = options.limits;
    this.needsToken = options.access.kind === 'tokens';
    this.checkHost = options.checkHost;
    this.origins = options.origins;
    this.knowsRegistry = options.knowsRegistry;
    this.#refusals = options.metrics.counter('stream_refusals_total', 'Streams and messages refused', [
      'code',
    ]);
  }

  /** From now on nobody enters. */
  drain(): void {
    this.#isDraining = true;
  }

  /** @throws DRAINING once `drain` was called */
  check(action = 'serve'): void {
    if (this.#isDraining) throw new ManifeedError('DRAINING', `${action}: this gateway is shutting down`);
  }

  /** @throws DRAINING, TOO_MANY_CONNECTIONS, TOO_MANY_REQUESTS */
  enter(address: string): void {
    this.check('subscribe');
    this.#limits.enter(address);
  }

  leave(address: string): void {
    this.#limits.leave(address);
  }

  /** @throws DRAINING, TOO_MANY_CONNECTIONS, TOO_MANY_REQUESTS */
  enterWaiting(address: string): void {
    this.check('subscribe');
    this.#limits.enterWaiting(address);
  }

  /** Lets a waiting client enter. @throws as `enter`; the client then still waits */
  admit(address: string): void {
    this.enter(address);
    this.#limits.leaveWaiting(address);
  }

  leaveWaiting(address: string): void {
    this.#limits.leaveWaiting(address);
  }

  /** @throws UNAUTHORIZED */
  authorise(token: string | null): Grant {
    const grant = this.#options.authorise(token);
    if (grant !== null) return grant;
    const found = token === null ? 'no token' : 'unknown token';
    throw new ManifeedError('UNAUTHORIZED', `authorise: ${found}: a valid one is needed`);
  }

  latestSince(): number {
    return this.#options.newest.latest();
  }

  refused(code: ErrorCode): void {
    this.#refusals.inc({ code });
  }

  refusedHandshake(error: ManifeedError, client: Client, transport: string): void {
    const { code, message } = error;
    this.refused(code);
    if (code === 'INTERNAL') this.#options.log.error({ err: error }, message);
    else this.#options.refusalLog.add({ code, message, address: addressOf(client), transport });
  }

  foreignPage(why: string, client: Client, transport: string): void {
    this.#options.refusalLog.foreignPage(why, addressOf(client), transport);
  }
}
