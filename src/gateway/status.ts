/** Constructs what operators see of this gateway first. */
import { hostname } from 'node:os';
import type { Admission } from '../access/admission.ts';
import { openDescriptors } from '../access/descriptors.ts';
import type { Config } from '../config/shape.ts';
import type { Hub } from '../fanout/hub.ts';
import type { ClockWatch } from '../ledger/clock-watch.ts';
import { LedgerExtent } from '../ledger/extent.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Clock } from '../lib/clock.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { Poller } from '../source/poll/poller.ts';
import type { DeliveryLog } from '../source/webhook/log/deliveries.ts';
import { Status } from '../status/status.ts';
import type { TargetControl } from '../target/control.ts';

interface StatusParts {
  readonly config: Config;
  readonly version: string;
  readonly ledger: Ledger;
  readonly newest: ClockWatch;
  readonly admission: Admission;
  readonly hub: Hub;
  readonly poller: Poller;
  readonly deliveries: DeliveryLog;
  readonly targetDesk: TargetControl;
  /** Open files that this process may have; undefined: the kernel's limit. */
  readonly openFiles: number | undefined;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** @returns the status, and an idempotent stop of what it watches */
export function openStatus(parts: StatusParts): { readonly status: Status; readonly stop: () => void } {
  const { config, version, poller, deliveries, targetDesk, openFiles, metrics } = parts;
  metrics.gauge('build_info', 'Always 1; the labels say what runs', ['version', 'node'], (gauge) =>
    gauge.set(1, { version, node: process.version }),
  );
  const extent = new LedgerExtent(parts);
  const status = new Status({
    ...parts,
    ...{ gateway: config.name ?? hostname(), ledgerKind: config.ledger.kind, extent },
    registries: () => poller.registries(),
    hooks: () => deliveries.summary(),
    targets: () => targetDesk.list(),
    descriptors: () => openDescriptors(openFiles),
  });
  return { status, stop: () => extent.stop() };
}
