/** The endpoints of a gateway: routes and `/openapi.json` come from this list. */
import type { Admission } from '../access/admission.ts';
import type { Config } from '../config/shape.ts';
import type { Hub } from '../fanout/hub.ts';
import type { Dashboard } from '../http/dashboard/files.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { getAccess } from '../http/endpoints/access.ts';
import { dashboard as dashboardEndpoint } from '../http/endpoints/dashboard.ts';
import { events } from '../http/endpoints/events.ts';
import { getHooks } from '../http/endpoints/get-hooks.ts';
import { getPace } from '../http/endpoints/get-pace.ts';
import { healthz } from '../http/endpoints/healthz.ts';
import { metrics as metricsEndpoint } from '../http/endpoints/metrics.ts';
import { postHook } from '../http/endpoints/post-hook.ts';
import { putPace } from '../http/endpoints/put-pace.ts';
import { readyz } from '../http/endpoints/readyz.ts';
import { registry } from '../http/endpoints/registry.ts';
import { socket } from '../http/endpoints/socket.ts';
import { getStatus } from '../http/endpoints/status.ts';
import { getSubscribers } from '../http/endpoints/subscribers.ts';
import { type TargetDesk, targets } from '../http/endpoints/targets.ts';
import { updates } from '../http/endpoints/updates.ts';
import { upstreams } from '../http/endpoints/upstreams.ts';
import type { PrometheusMetrics } from '../http/metrics.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Clock } from '../lib/clock.ts';
import { Readers } from '../reading/readers.ts';
import type { Poller } from '../source/poll/poller.ts';
import type { DeliveryLog } from '../source/webhook/log/deliveries.ts';
import { webhookRoutes } from '../source/webhook/route.ts';
import type { Status } from '../status/status.ts';
import { indexEndpoints } from './index-api.ts';
import type { RegistryReads } from './registry-api.ts';
import type { StreamHandlers } from './streams.ts';

interface EndpointParts extends RegistryReads {
  readonly config: Config;
  readonly streams: StreamHandlers;
  readonly webhooks: Parameters<typeof webhookRoutes>[1];
  readonly deliveries: DeliveryLog;
  readonly admission: Admission;
  readonly ledger: Ledger;
  readonly hub: Hub;
  readonly poller: Poller;
  readonly status: Status;
  readonly targetDesk: TargetDesk;
  readonly metrics: PrometheusMetrics;
  /** Null: it is switched off. */
  readonly dashboard: Dashboard | null;
  readonly clock: Clock;
}

export function endpointsOf(parts: EndpointParts): Endpoint[] {
  const { admission, config, dashboard, hub, ledger, registryApi, status, streams } = parts;
  const { gateway } = status;
  const readers = new Readers();
  const { rate } = hub.pacer;
  const pace = { rate, describe: () => ({ ...hub.pacer.describe(), deliveries: hub.deliveries }) };
  return [
    events(streams.sse),
    socket(streams.webSocket),
    updates(streams.longPoll),
    postHook((app) => webhookRoutes(app, parts.webhooks)),
    getHooks(parts.deliveries, gateway),
    getAccess(admission, { gateway, defaultRegistry: config.defaultRegistry }),
    healthz,
    readyz([admission, ledger]),
    metricsEndpoint(parts.metrics),
    upstreams(parts.poller, gateway),
    getPace(pace, gateway),
    putPace(pace, { defaultRegistry: config.defaultRegistry, gateway }),
    getStatus(status),
    getSubscribers(hub.subscribers, gateway),
    ...targets(parts.targetDesk, gateway),
    ...(dashboard === null ? [] : [dashboardEndpoint(dashboard)]),
    ...(registryApi === null ? [] : [registry({ api: registryApi, admission, readers })]),
    ...indexEndpoints({ ...parts, readers }),
  ];
}
