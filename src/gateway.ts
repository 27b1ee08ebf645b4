/** The composition root: constructs the parts of the gateway, and hands each what it needs. It decides nothing. */
import { createAdmission } from './access/admission.ts';
import { createAuthoriser } from './access/authoriser.ts';
import { ConnectionLimits } from './access/connection-limits.ts';
import { socketRoom } from './access/descriptors.ts';
import { hostCheckOf } from './access/host-check.ts';
import { knownRegistries } from './access/known-registries.ts';
import { Origins } from './access/origins.ts';
import { RefusalLog } from './access/refusal-log.ts';
import { boundSockets, socketLimitsOf } from './access/socket-limits.ts';
import { canonicalPace, warnOfWiderAccess } from './config/patterns.ts';
import { isLoopback } from './config/settings/values.ts';
import type { Config } from './config/shape.ts';
import type { TagObserved } from './event/observation.ts';
import { startHeartbeat } from './fanout/heartbeat.ts';
import { Hub } from './fanout/hub.ts';
import { indexEndpoints } from './gateway/index-api.ts';
import { answersQueries, joinCluster, openLedger } from './gateway/ledger.ts';
import { type App, Lifecycle } from './gateway/lifecycle.ts';
import { learnPlatforms } from './gateway/platforms.ts';
import { openRegistryApi } from './gateway/registry-api.ts';
import { openStreams } from './gateway/streams.ts';
import { serveApi } from './http/api.ts';
import { getAccess } from './http/endpoints/access.ts';
import { events } from './http/endpoints/events.ts';
import { getHooks } from './http/endpoints/get-hooks.ts';
import { getPace } from './http/endpoints/get-pace.ts';
import { healthz } from './http/endpoints/healthz.ts';
import { metrics as metricsEndpoint } from './http/endpoints/metrics.ts';
import { postHook } from './http/endpoints/post-hook.ts';
import { putPace } from './http/endpoints/put-pace.ts';
import { readyz } from './http/endpoints/readyz.ts';
import { registry } from './http/endpoints/registry.ts';
import { socket } from './http/endpoints/socket.ts';
import { updates } from './http/endpoints/updates.ts';
import { upstreams } from './http/endpoints/upstreams.ts';
import { createPrometheusMetrics } from './http/metrics.ts';
import { createRedaction } from './http/redact.ts';
import { createServer, type Logger } from './http/server.ts';
import { ClockWatch } from './ledger/clock-watch.ts';
import { countChanges, outcomeCounter } from './ledger/counters.ts';
import { keepTrimmed } from './ledger/trimming.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import { fetchText } from './lib/fetch-text.ts';
import { type Random, systemRandom } from './lib/random.ts';
import { Readers } from './reading/readers.ts';
import { viewLedger } from './source/poll/ledger-view.ts';
import { Poller } from './source/poll/poller.ts';
import { Completion } from './source/webhook/completion.ts';
import { withDefaultRegistry } from './source/webhook/kinds/manifeed.ts';
import { DeliveryLog } from './source/webhook/log/deliveries.ts';
import { webhookRoutes } from './source/webhook/route.ts';

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
}

/** @throws UNAVAILABLE when the ledger can't be opened; PARAMETER_INVALID naming a setting that can't be used */
export async function openApp(options: AppOptions): Promise<App> {
  const { config, logger, version, clock = systemClock, random = systemRandom } = options;
  const { access, cors, defaultRegistry, limits, registries, trustProxy, watch } = config;
  const metrics = createPrometheusMetrics();
  const common = { clock, random, metrics, log: logger };
  const countOutcomes = outcomeCounter(metrics);
  warnOfWiderAccess(config, logger);

  const ledger = await openLedger(config.ledger, {
    ...{ ...common, retention: config.retention },
    limits: { maxManifestsBytes: config.manifests.maxBytes },
  });
  const newest = await ClockWatch.open({ ledger, ...common });
  const cluster = await joinCluster(ledger, clock);
  const { record, turns, keeper } = learnPlatforms({
    ...{ ...common, config, ledger, countOutcomes },
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

  const listenIsLoopback = isLoopback(config.listen.host);
  const { allowNone } = config.pace;
  const authorise = createAuthoriser({ access, allowNone, openIsAdmin: listenIsLoopback, defaultRegistry });
  const room = socketRoom(limits, logger, options.openFiles);
  const refusalLog = new RefusalLog(logger, clock);
  const origins = new Origins(cors.origins);
  const checkHost = hostCheckOf(config);
  const knowsRegistry = knownRegistries(registries, config.webhooks, logger);
  const admission = createAdmission({
    ...{ ...common, access, authorise, checkHost, newest, origins, refusalLog, knowsRegistry },
    limits: new ConnectionLimits({ ...limits, connections: room.subscribers, clock }),
  });

  const { registryApi, lookUps, presences } = openRegistryApi({
    ...{ ...common, config, ledger: view, knowsRegistry },
    queries: answersQueries(ledger) ? ledger : null,
    upstreamOf: (host) => poller.upstreamOf(host),
  });
  const server = await createServer({
    ...{ ...limits, logger, trustProxy, checkHost, origins, refusalLog, random },
    isRegistryPath: (path) => registryApi !== null && registryApi.place(path) !== null,
    corsOrigins: cors.origins,
    redactUrl: createRedaction(config.webhooks),
  });
  boundSockets(server.server, room.sockets, common);
  const acceptsSocket = socketLimitsOf(limits, trustProxy, metrics);
  const streams = openStreams(server, { config, hub, admission, acceptsSocket, clock, random });
  const hooks = withDefaultRegistry(config.webhooks, defaultRegistry);
  const deliveries = new DeliveryLog(hooks, clock);
  const webhooks = {
    ...{ ...common, hooks, deliveries, fetchText, ledger: pending, completion, countOutcomes },
    confirm: poller.onWebhook,
  };
  const readers = new Readers();
  await serveApi(server, {
    ...{ version, authorise },
    endpoints: [
      events(streams.sse),
      socket(streams.webSocket),
      updates(streams.longPoll),
      postHook((app) => webhookRoutes(app, webhooks)),
      getHooks(deliveries),
      getAccess(admission),
      healthz,
      readyz([admission, ledger]),
      metricsEndpoint(metrics),
      upstreams(poller),
      getPace(hub.pacer),
      putPace(hub.pacer, defaultRegistry),
      ...(registryApi === null ? [] : [registry({ api: registryApi, admission, readers })]),
      ...(answersQueries(ledger)
        ? indexEndpoints({ config, ledger, admission, readers, lookUps, presences, clock })
        : []),
    ],
  });

  const stops = [
    startHeartbeat({ hub, intervalMs: limits.heartbeatIntervalMs, clock, random }),
    countChanges(ledger, metrics),
    () => newest.stop(),
    keepTrimmed(ledger, clock, logger),
    streams.stop,
  ];
  cluster.tell(() => hub.pacedCounts());
  completion.start();
  turns.start();
  await poller.start();
  return new Lifecycle({
    ...{ ...common, config, server, admission, hub, ledger, stops },
    ...{ sources: [turns, poller, completion, keeper], cluster },
  });
}
