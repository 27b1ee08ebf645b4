/** The composition root: constructs the parts of the gateway, and hands each what it needs. It decides nothing. */
import { boundSockets, socketLimitsOf } from './access/socket-limits.ts';
import { warnOfExposure } from './config/exposure.ts';
import { canonicalPace, warnOfWiderAccess } from './config/patterns.ts';
import type { Config } from './config/shape.ts';
import type { TagObserved } from './event/observation.ts';
import { startHeartbeat } from './fanout/heartbeat.ts';
import { Hub } from './fanout/hub.ts';
import { openAccess } from './gateway/access.ts';
import { openDashboard } from './gateway/dashboard.ts';
import { endpointsOf } from './gateway/endpoints.ts';
import { joinCluster, openLedger } from './gateway/ledger.ts';
import { type App, Lifecycle } from './gateway/lifecycle.ts';
import { learnPlatforms } from './gateway/platforms.ts';
import { openRegistryApi } from './gateway/registry-api.ts';
import { openStatus } from './gateway/status.ts';
import { openStreams } from './gateway/streams.ts';
import { openTargets } from './gateway/targets.ts';
import { serveApi } from './http/api.ts';
import { safetyHeadersAt } from './http/dashboard/answer.ts';
import { createPrometheusMetrics } from './http/metrics.ts';
import { createRedaction } from './http/redact.ts';
import { createServer, type Logger } from './http/server.ts';
import { ClockWatch } from './ledger/clock-watch.ts';
import { countChanges, outcomeCounter } from './ledger/counters.ts';
import { keepTrimmed } from './ledger/trimming.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import { fetchText } from './lib/fetch-text.ts';
import { type Random, systemRandom } from './lib/random.ts';
import { FetchOnce } from './source/platforms/fetch-once.ts';
import { viewLedger } from './source/poll/ledger-view.ts';
import { Poller } from './source/poll/poller.ts';
import { Completion } from './source/webhook/completion.ts';
import { withDefaultRegistry } from './source/webhook/kinds/manifeed.ts';
import { DeliveryLog } from './source/webhook/log/deliveries.ts';

export type { App } from './gateway/lifecycle.ts';

/** What a gateway is made of. */
export interface AppOptions {
  readonly config: Config;
  readonly version: string;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Open files that this process may have; default: the kernel's limit. */
  readonly openFiles?: number;
  /** Folder of the built dashboard, with a slash at the end; default: `dist/ui/` of this package. */
  readonly dashboardFolder?: URL;
}

/** @throws UNAVAILABLE when the ledger can't be opened; PARAMETER_INVALID naming a setting that can't be used */
export async function openApp(options: AppOptions): Promise<App> {
  const { config, logger, version, clock = systemClock, random = systemRandom } = options;
  const { cors, defaultRegistry, limits, registries, trustProxy, watch } = config;
  const metrics = createPrometheusMetrics();
  const common = { clock, random, metrics, log: logger };
  const countOutcomes = outcomeCounter(metrics);
  warnOfWiderAccess(config, logger);
  warnOfExposure(config, logger);

  const ledger = await openLedger(config.ledger, {
    ...{ ...common, retention: config.retention },
    limits: { maxManifestsBytes: config.manifests.maxBytes },
  });
  const newest = await ClockWatch.open({ ledger, ...common });
  const cluster = await joinCluster(ledger, clock);
  const once = new FetchOnce({ store: ledger.manifests, clock });
  const { record, turns, keeper } = learnPlatforms({
    ...{ ...common, config, ledger, countOutcomes, once },
    registries: { manifest: (...asked) => poller.manifest(...asked) },
  });
  const view = viewLedger(ledger, record, countOutcomes);
  const poller = new Poller({
    ...{ ...common, ledger: view, registries, watch, defaultRegistry },
    ...{ scheduleFor: cluster.scheduleFor, budgetFor: cluster.budgetFor },
    onPressure: (registry) => hub.pacer.rate.press(registry),
  });
  const hub = await Hub.open({
    ...{ ...common, ...limits, ledger, interests: limits, pace: canonicalPace(config) },
    ...{ countsOf: cluster.countsOf, onDemand: poller.onDemand },
  });
  const pending = {
    claimPending: (limit: number, leaseMs: number) => ledger.claimPending(limit, leaseMs),
    defer: (incomplete: readonly TagObserved[]) => ledger.defer(incomplete),
    record,
  };
  const completion = new Completion({ ...common, ledger: pending, registries: poller, countOutcomes });

  const { openFiles, dashboardFolder: folder } = options;
  const { authorise, admission, room, knowsRegistry, ...doors } = openAccess({
    ...{ ...common, config, newest, openFiles },
  });
  const { registryApi, lookUps, presences } = openRegistryApi({
    ...{ ...common, config, ledger: view, knowsRegistry, once },
    queries: ledger,
    upstreamOf: (host) => poller.upstreamOf(host),
  });
  const server = await createServer({
    ...{ ...limits, ...doors, logger, trustProxy, random },
    isRegistryPath: (path) => registryApi !== null && registryApi.place(path) !== null,
    headersAt: safetyHeadersAt,
    corsOrigins: cors.origins,
    redactUrl: createRedaction(config.webhooks),
  });
  boundSockets(server.server, room.sockets, common);
  const acceptsSocket = socketLimitsOf(limits, trustProxy, metrics);
  const streams = openStreams(server, { config, hub, admission, acceptsSocket, clock, random });
  const hooks = withDefaultRegistry(config.webhooks, defaultRegistry);
  const deliveries = new DeliveryLog(hooks, clock, metrics);
  const webhooks = {
    ...{ ...common, hooks, deliveries, fetchText, ledger: pending, completion, countOutcomes },
    confirm: poller.onWebhook,
  };
  const { targets, targetDesk } = openTargets({ ...common, config, ledger, hub });
  const { status, stop: stopStatus } = openStatus({
    ...{ ...common, config, version, ledger, newest, admission, hub, poller, deliveries },
    ...{ targetDesk, openFiles },
  });
  const dashboard = await openDashboard({ config, log: logger, folder });
  await serveApi(server, {
    ...{ version, authorise },
    endpoints: endpointsOf({
      ...{ ...common, config, streams, webhooks, deliveries, admission, ledger, hub, poller, status },
      ...{ registryApi, lookUps, presences, dashboard, targetDesk },
    }),
  });

  const stops = [
    startHeartbeat({ hub, intervalMs: limits.heartbeatIntervalMs, clock, random }),
    countChanges(ledger, metrics),
    () => newest.stop(),
    stopStatus,
    keepTrimmed(ledger, clock, logger),
    streams.stop,
  ];
  cluster.tell(() => hub.pacedCounts());
  completion.start();
  turns.start();
  await poller.start();
  await targets.start();
  return new Lifecycle({
    ...{ ...common, config, server, admission, hub, ledger, stops },
    ...{ sources: [turns, poller, completion, keeper], targets, cluster },
  });
}
