/**
 * The composition root: builds the gateway from its configuration by plain constructor calls and fits the
 * parts' functions into each other. Everything it opens it closes. No other file knows all the parts.
 */
import type { AddressInfo } from 'node:net';
import { tidyForwardedFor } from './access/client-address.ts';
import { ConnectionLimits, tellsAddressesApart } from './access/connection-limits.ts';
import { readOpenFiles, roomForSockets, type SocketRoom } from './access/descriptors.ts';
import { boundSockets } from './access/dropped-sockets.ts';
import { Origins } from './access/origins.ts';
import { RefusalLog } from './access/refusal-log.ts';
import { SocketLimits } from './access/socket-limits.ts';
import type { Config } from './config/config.ts';
import { isLoopback } from './config/settings/values.ts';
import { ManifeedError } from './errors.ts';
import { drain } from './fanout/drain.ts';
import { startHeartbeat } from './fanout/heartbeat.ts';
import { Hub } from './fanout/hub.ts';
import { authoriserOf, createAdmission, hostCheckOf } from './gateway/admission.ts';
import { joinCluster, openLedger } from './gateway/ledger.ts';
import { outcomeCounter } from './gateway/outcomes.ts';
import { canonicalPace, warnOfWiderAccess } from './gateway/patterns.ts';
import { createRedaction } from './gateway/redact.ts';
import { createIntake, createPolling } from './gateway/sources.ts';
import { openStreams } from './gateway/streams.ts';
import { serveApi } from './http/api.ts';
import { events } from './http/endpoints/events.ts';
import { getHooks } from './http/endpoints/get-hooks.ts';
import { getPace } from './http/endpoints/get-pace.ts';
import { healthz } from './http/endpoints/healthz.ts';
import { metrics as metricsEndpoint } from './http/endpoints/metrics.ts';
import { postHook } from './http/endpoints/post-hook.ts';
import { putPace } from './http/endpoints/put-pace.ts';
import { readyz } from './http/endpoints/readyz.ts';
import { socket } from './http/endpoints/socket.ts';
import { updates } from './http/endpoints/updates.ts';
import { upstreams } from './http/endpoints/upstreams.ts';
import { createPrometheusMetrics } from './http/metrics.ts';
import { createServer, type Logger, type Request, type Server } from './http/server.ts';
import { ClockWatch } from './ledger/clock-watch.ts';
import type { Ledger } from './ledger/ledger.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import { fetchText } from './lib/fetch-text.ts';
import type { Metrics } from './lib/metrics.ts';
import { type Random, systemRandom } from './lib/random.ts';
import type { HookOptions } from './source/webhook/kind.ts';
import { DeliveryLog } from './source/webhook/log/deliveries.ts';
import { webhookRoutes } from './source/webhook/route.ts';
import { splitTarget, tokenOf } from './transport/head.ts';

export interface AppOptions {
  readonly config: Config;
  readonly version: string;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Files that this process may have open; default: as the kernel says. */
  readonly openFiles?: number;
}

export interface App {
  /** Listens; resolves with where. */
  listen(): Promise<{ readonly host: string; readonly port: number }>;
  /** Unready at once, then every subscriber is closed with a bookmark, evenly over the drain window. */
  drain(signal?: AbortSignal): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Sockets beyond the subscribers: webhooks, keep-alives, metrics, health. */
const otherSockets = 1_000;
/** Of them, those of one address. */
const otherSocketsPerAddress = 200;
/** How often retention is looked after. */
const trimIntervalMs = 30_000;

/** @throws UNAVAILABLE when the ledger can't be opened; PARAMETER_INVALID naming a setting that can't be used */
export async function openApp(options: AppOptions): Promise<App> {
  const { config, logger } = options;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? systemRandom;
  const metrics = createPrometheusMetrics();
  const listenIsLoopback = isLoopback(config.listen.host);
  const common = { clock, random, metrics, log: logger };
  const countOutcomes = outcomeCounter(metrics);
  let draining = false;
  warnOfWiderAccess(config, logger);

  const ledger = await openLedger(config.ledger, { retention: config.retention, ...common });
  const clockWatch = await ClockWatch.open({ ledger, clock, metrics, log: logger });
  const cluster = await joinCluster(ledger, clock);
  const polling = createPolling({
    countOutcomes,
    ...{ scheduleFor: cluster.scheduleFor, budgetFor: cluster.budgetFor },
    config,
    ledger,
    ...common,
    onPressure: (registry) => hub.pacer.press(registry),
  });
  const hub = await Hub.open({
    ledger,
    pace: canonicalPace(config),
    crowdOf: cluster.crowdOf,
    onDemand: polling.onDemand,
    interests: config.limits,
    stalledTimeoutMs: config.limits.stalledTimeoutMs,
    ...(config.limits.connectionLifetimeMs === undefined
      ? {}
      : { connectionLifetimeMs: config.limits.connectionLifetimeMs }),
    ...common,
  });
  const intake = createIntake({ ledger, poller: polling.poller, countOutcomes, ...common });
  const authorise = authoriserOf(config, listenIsLoopback);
  const room = roomFor(config, options.openFiles ?? readOpenFiles());
  if (room.shortage !== null) logger.warn(room.shortage);
  const limits = new ConnectionLimits({ ...config.limits, connections: room.subscribers, clock });
  const checkHost = hostCheckOf(config);
  const pages = new Origins(config.cors.origins);
  const refusalLog = new RefusalLog(logger, clock);
  const admission = createAdmission({
    ...{ config, limits, authorise, checkHost, metrics, pages, refusalLog, log: logger },
    isDraining: () => draining,
    latestSince: () => clockWatch.latest(),
  });

  const server = await createServer({
    logger,
    redactUrl: createRedaction(config),
    ...config.limits,
    trustProxy: config.trustProxy,
    corsOrigins: config.cors.origins,
    pages,
    onForeignPage(why, { ip: address }) {
      const message = `serve page: ${why}`;
      refusalLog.add({ code: 'ORIGIN_DENIED', message, address, transport: 'http' });
    },
    random,
  });
  server.addHook('onRequest', async ({ headers }) => {
    checkHost(headers.host);
    if (headers['x-forwarded-for'] !== undefined)
      headers['x-forwarded-for'] = tidyForwardedFor(String(headers['x-forwarded-for']));
  });
  const hooks = config.webhooks.map((hook) => withDefaultRegistry(hook, config));
  const deliveries = new DeliveryLog(hooks, clock);
  const grantOf = ({ url, headers }: Request) =>
    authorise(tokenOf({ headers, query: splitTarget(url).query }));
  const sockets = new SocketLimits({
    perAddress: config.limits.connectionsPerAddress + otherSocketsPerAddress,
    exempt: config.trustProxy,
    metrics,
  });
  const acceptsSocket = tellsAddressesApart(config.limits) ? sockets.accepts.bind(sockets) : () => true;
  boundSockets(server.server, room.sockets, common);
  const streams = openStreams(server, { config, hub, admission, acceptsSocket, clock, random });
  const serving = {
    check() {
      if (draining) throw new ManifeedError('DRAINING', 'serve: this gateway is shutting down');
    },
  };
  await serveApi(server, {
    version: options.version,
    grantOf,
    endpoints: [
      events(streams.sse),
      socket(streams.webSocket),
      updates(streams.longPoll),
      postHook((app) =>
        webhookRoutes(app, {
          ...{ hooks, deliveries, intake: intake.take, confirm: polling.confirm },
          ...{ fetchText, listenIsLoopback, ...common },
        }),
      ),
      getHooks(deliveries),
      healthz,
      readyz([serving, ledger]),
      metricsEndpoint(metrics),
      upstreams(polling.poller),
      getPace(hub.pacer),
      putPace(hub.pacer, config.defaultRegistry),
    ],
  });

  const stopCounting = countChanges(ledger, metrics);
  const stopHeartbeat = startHeartbeat({ hub, intervalMs: config.limits.heartbeatIntervalMs, clock, random });
  const stopTrimming = keepTrimmed(ledger, clock, logger);
  cluster.tell(() => hub.pacedCounts());
  intake.start();
  await polling.start();

  let closing: Promise<void> | null = null;
  async function close(): Promise<void> {
    draining = true;
    stopHeartbeat();
    stopCounting();
    clockWatch.stop();
    stopTrimming();
    // Fastify stops listening only some turns later, and whoever connects until then would hold up the end.
    if (server.server.listening) server.server.close();
    streams.stop();
    await polling.close();
    await intake.close();
    await drain({ hub, windowMs: 0, clock, random });
    hub.close();
    await cluster.close();
    await closeServer(server);
    await ledger.close();
  }

  return {
    async listen() {
      await server.listen({ host: config.listen.host, port: config.listen.port, backlog: 4_096 });
      const { address, port } = server.server.address() as AddressInfo;
      return { host: address, port };
    },
    async drain(signal) {
      draining = true;
      await drain({
        hub,
        windowMs: config.drain.windowMs,
        clock,
        random,
        ...(signal === undefined ? {} : { signal }),
      });
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** Bare names that a script publishes are in the default registry, as everywhere else. */
function withDefaultRegistry(hook: Config['webhooks'][number], { defaultRegistry }: Config): HookOptions {
  return hook.kind === 'manifeed' ? { ...hook, registry: hook.registry ?? defaultRegistry } : hook;
}

/** One address that takes all the sockets it may leaves the others theirs, also when all subscribers are there. */
function roomFor({ limits }: Config, openFiles: number): SocketRoom {
  const ofOneAddress = tellsAddressesApart(limits)
    ? limits.connectionsPerAddress + otherSocketsPerAddress
    : 0;
  return roomForSockets({ subscribers: limits.connections, others: otherSockets + ofOneAddress }, openFiles);
}

function countChanges(ledger: Ledger, metrics: Metrics): () => void {
  const changes = metrics.counter('changes_total', 'Changes of the ledger, as this gateway saw them', [
    'type',
    'origin',
  ]);
  return ledger.tail((event) => {
    if (event.kind === 'changes') for (const { type, origin } of event.changes) changes.inc({ type, origin });
  });
}

/** Streams hold their connections open; what is left after the drain is cut. */
async function closeServer(server: Server): Promise<void> {
  const closed = server.close();
  server.server.closeAllConnections();
  await closed;
}

function keepTrimmed(ledger: Ledger, clock: Clock, log: Logger): () => void {
  let stopped = false;
  let cancel = clock.after(trimIntervalMs, turn);
  function turn(): void {
    ledger
      .trim()
      .catch((error: unknown) =>
        log.warn({ error: String(error) }, 'trim ledger: failed: will be tried again'),
      )
      .finally(() => {
        if (!stopped) cancel = clock.after(trimIntervalMs, turn);
      });
  }
  return () => {
    stopped = true;
    cancel();
  };
}
