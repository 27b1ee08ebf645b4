/** Implements the transports' port: combines tokens, limits, hosts and origins, and knows whether it is draining. */
import { type ErrorCode, ManifeedError } from '../errors.ts';
import type { Grant } from '../event/grant.ts';
import { addressOf, type Client } from '../lib/address-group.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
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

/** The check of every stream; see the transports' port. */
export type Admission = ReturnType<typeof createAdmission>;

export function createAdmission(options: AdmissionOptions) {
  const { access, authorise, limits, checkHost, origins, knowsRegistry, newest, refusalLog, log } = options;
  const refusals = options.metrics.counter('stream_refusals_total', 'Streams and messages refused', ['code']);
  const refused = (code: ErrorCode) => refusals.inc({ code });
  let isDraining = false;
  options.metrics.gauge('draining', '1 while the gateway is shutting down', [], (gauge) =>
    gauge.set(isDraining ? 1 : 0),
  );
  options.metrics.gauge('connections_limit', 'Most subscribers at once', [], (gauge) =>
    gauge.set(limits.most),
  );
  /** @throws DRAINING once `drain` was called */
  function check(action = 'serve'): void {
    if (isDraining) throw new ManifeedError('DRAINING', `${action}: this gateway is shutting down`);
  }
  function enter(address: string): void {
    check('subscribe');
    limits.enter(address);
  }
  return {
    ...{ checkHost, origins, knowsRegistry, check, enter, refused },
    maxSubscribers: limits.most,
    needsToken: access.kind === 'tokens',
    /** Whether nobody may enter any more. */
    get isDraining(): boolean {
      return isDraining;
    },
    /** From now on nobody enters. */
    drain(): void {
      isDraining = true;
    },
    leave: (address: string) => limits.leave(address),
    enterWaiting(address: string): void {
      check('subscribe');
      limits.enterWaiting(address);
    },
    admit(address: string): void {
      enter(address);
      limits.leaveWaiting(address);
    },
    leaveWaiting: (address: string) => limits.leaveWaiting(address),
    authorise(token: string | null): Grant {
      const grant = authorise(token);
      if (grant !== null) return grant;
      const found = token === null ? 'no token' : 'unknown token';
      throw new ManifeedError(
        'UNAUTHORIZED',
        `authorise: ${found}: must be one that the gateway lists, as in "Authorization: Bearer TOKEN"`,
      );
    },
    latestSince: () => newest.latest(),
    refusedHandshake(error: ManifeedError, client: Client, transport: string): void {
      const { code, message } = error;
      refused(code);
      if (code === 'INTERNAL') log.error({ err: error }, message);
      else refusalLog.add({ code, message, address: addressOf(client), transport });
    },
    foreignPage: (why: string, client: Client, transport: string) =>
      refusalLog.foreignPage(why, addressOf(client), transport),
  };
}
