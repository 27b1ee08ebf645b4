/** Fits access, limits and origins together into the one check that every stream passes. */

import { createAuthoriser } from '../access/authoriser.ts';
import type { ConnectionLimits } from '../access/connection-limits.ts';
import { anyHost, type HostCheck, namedHosts } from '../access/host-check.ts';
import type { Origins } from '../access/origins.ts';
import type { RefusalLog } from '../access/refusal-log.ts';
import type { Config } from '../config/config.ts';
import { ManifeedError } from '../errors.ts';
import { parseFilter } from '../event/filter.ts';
import type { Grant } from '../event/grant.ts';
import { addressGroup } from '../lib/address-group.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { Admission, Who } from '../transport/admission.ts';

/** Repositories of one token at most; the configuration's own bound is lower. */
const maxGrantPatterns = 100_000;

export type Authorise = (token: string | null) => Grant | null;

export function authoriserOf(config: Config, listenIsLoopback: boolean): Authorise {
  return createAuthoriser({
    access: config.access,
    allowNone: config.pace.allowNone,
    openIsAdmin: listenIsLoopback,
    scope: (repository) => {
      const limits = { defaultRegistry: config.defaultRegistry, maxRepositories: maxGrantPatterns };
      const filter = parseFilter({ repository }, limits);
      return {
        patterns: [...filter.repositories, ...filter.patterns],
        matches: (key) => filter.matchesRepository(key),
      };
    },
  });
}

/**
 * Which names this gateway answers to. With `hosts`, to those; without, to any, except where a foreign page could
 * reach what the gateway shows to everybody.
 */
export function hostCheckOf({ access, cors, hosts, trustProxy }: Config): HostCheck {
  const isExposed = access.kind === 'open' && trustProxy.length === 0;
  if (!isExposed && hosts.length === 0) return anyHost;
  return namedHosts([...hosts, ...cors.origins.map((origin) => new URL(origin).hostname)]);
}

export interface AdmissionOptions {
  readonly config: Config;
  readonly limits: ConnectionLimits;
  readonly authorise: Authorise;
  readonly checkHost: HostCheck;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly refusalLog: RefusalLog;
  readonly pages: Origins;
  readonly isDraining: () => boolean;
  readonly latestSince: () => number;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { config, limits, metrics } = options;
  /** Answers, made of the configuration's text: what came with a request would keep all of its head in memory. */
  const origins = new Map(
    config.cors.origins.map((origin) => [
      origin,
      `Access-Control-Allow-Origin: ${origin}\r\nVary: Origin\r\n`,
    ]),
  );
  const otherOrigin = origins.size > 0 ? 'Vary: Origin\r\n' : '';
  const refusals = metrics.counter('stream_refusals_total', 'Streams and messages refused', ['code']);
  const refuseWhileDraining = () => {
    if (options.isDraining()) throw new ManifeedError('DRAINING', 'subscribe: this gateway is shutting down');
  };
  const enter = (address: string) => {
    refuseWhileDraining();
    limits.enter(address);
  };
  return {
    needsToken: config.access.kind === 'tokens',
    enter,
    leave: (address) => limits.leave(address),
    enterWaiting(address) {
      refuseWhileDraining();
      limits.enterWaiting(address);
    },
    admit(address) {
      enter(address);
      limits.leaveWaiting(address);
    },
    leaveWaiting: (address) => limits.leaveWaiting(address),
    authorise(token) {
      const grant = options.authorise(token);
      if (grant !== null) return grant;
      throw new ManifeedError(
        'UNAUTHORIZED',
        `authorise: ${token === null ? 'no token' : 'unknown token'}: must be a valid one`,
      );
    },
    checkHost: options.checkHost,
    corsHeaders(origin) {
      return (origin === undefined ? undefined : origins.get(origin)) ?? otherOrigin;
    },
    allowsOrigin: (origin, host) => options.pages.allows(origin, host),
    explainOrigin: (origin, host) => options.pages.explain(origin, host),
    knowsRegistry: knownRegistries(config),
    latestSince: options.latestSince,
    refused: (code) => refusals.inc({ code }),
    refusedHandshake(error, who, transport) {
      const { code, message } = error;
      refusals.inc({ code });
      if (code === 'INTERNAL') options.log.error({ err: error }, message);
      else options.refusalLog.add({ code, message, address: addressOf(who), transport });
    },
    foreignPage(why, who, transport) {
      const message = `serve page: ${why}`;
      options.refusalLog.add({ code: 'ORIGIN_DENIED', message, address: addressOf(who), transport });
    },
  };
}

/** The address itself where it is the socket's; behind a proxy, the group of the one that the proxy names. */
function addressOf({ socket, address }: Who): string {
  const { remoteAddress } = socket;
  const isSocket = remoteAddress !== undefined && (address === '' || addressGroup(remoteAddress) === address);
  return isSocket ? remoteAddress : address;
}

/**
 * Which registries this gateway may ever hear of. Without configured registries, any; else those, what hooks
 * speak of, and any again where a configured hook takes its host from the payload.
 */
function knownRegistries(config: Config): (host: string) => boolean {
  const hooks = config.webhooks.filter((hook) => !isDefaultHook(hook));
  const openEnded = hooks.some((hook) => hook.registry === undefined);
  if (config.registries.length === 0 || openEnded) return () => true;
  const known = new Set(config.registries.map((registry) => registry.host));
  for (const hook of hooks) if (hook.registry !== undefined) known.add(hook.registry);
  return (host) => known.has(host);
}

/** The hooks of a gateway that configured none are for trying things out; they make no registry known. */
function isDefaultHook(hook: Config['webhooks'][number]): boolean {
  return (
    hook.verify === 'none' &&
    hook.registry === undefined &&
    (hook.name === 'publish' || hook.name === 'local')
  );
}
