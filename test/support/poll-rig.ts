import { createMemoryCluster } from '../../src/cluster/memory/cluster.ts';
import type { Change } from '../../src/event/change.ts';
import type { Observation } from '../../src/event/observation.ts';
import type { Ledger, Outcome } from '../../src/ledger/ledger.ts';
import { openMemoryLedger } from '../../src/ledger/memory/memory.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { noLog } from '../../src/lib/log.ts';
import { noMetrics } from '../../src/lib/metrics.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { type LedgerView, viewLedger } from '../../src/source/poll/ledger-view.ts';
import type { RegistryOptions, RegistryPollOptions } from '../../src/source/poll/options.ts';
import { Poller, type PollerOptions } from '../../src/source/poll/poller.ts';
import { inTime } from './until.ts';

/** Short intervals, for tests in real time. */
export const quickPoll: RegistryPollOptions = {
  intervalMs: 40,
  minIntervalMs: 40,
  maxIntervalMs: 60,
  requestsPerSecond: 5_000,
  concurrency: 8,
  onDemand: true,
};

export function registryOf(host: string, more: Partial<RegistryOptions> = {}): RegistryOptions {
  return { host, plainHttp: true, poll: quickPoll, ...more };
}

/** A poller over a memory ledger, with a record of what it observed and of the changes. */
export interface Rig {
  readonly poller: Poller;
  readonly ledger: Ledger;
  readonly observations: Observation[];
  readonly outcomes: Outcome[];
  readonly changes: Change[];
  /** Checks `holds` after each batch of observations. */
  until(holds: () => boolean): Promise<void>;
  close(): Promise<void>;
}

export function viewOf(
  ledger: Ledger,
  onRecord: (o: readonly Observation[], r: Recorded) => void = () => {},
): LedgerView {
  return {
    ...viewLedger(
      ledger,
      (...observed) => ledger.record(...observed),
      () => {},
    ),
    async observe(observations) {
      const recorded = await ledger.record(observations);
      onRecord(observations, recorded);
      return recorded.changes.length;
    },
  };
}

/** A ledger that knows no tags, has these baselines, and makes no changes. */
export function emptyView(baselines: readonly string[] = []): LedgerView {
  return {
    observe: async () => 0,
    async *knownTags() {},
    baselines: async () => baselines,
    onReset: () => () => {},
  };
}

/** A poller of one gateway; what is not given is silent. */
export function pollerOf(options: Partial<PollerOptions>): Poller {
  const { clock = systemClock } = options;
  const cluster = createMemoryCluster(clock);
  return new Poller({
    ...{ registries: [], watch: [], defaultRegistry: 'docker.io', ledger: emptyView() },
    ...{ scheduleFor: cluster.scheduleFor, budgetFor: cluster.budgetFor, onPressure() {} },
    ...{ clock, random: systemRandom, metrics: noMetrics, log: noLog },
    ...options,
  });
}

type Recorded = Awaited<ReturnType<Ledger['record']>>;

export function memoryLedger(clock: Clock = systemClock): Promise<Ledger> {
  return openMemoryLedger({
    clock,
    random: systemRandom,
    retention: { maxChanges: 100_000, maxAgeMs: 86_400_000 },
  });
}

export async function rig(
  options: Partial<PollerOptions> & Pick<PollerOptions, 'registries'>,
  given: { readonly ledger?: Ledger; readonly clock?: Clock } = {},
): Promise<Rig> {
  const ledger = given.ledger ?? (await memoryLedger(given.clock));
  const observations: Observation[] = [];
  const outcomes: Outcome[] = [];
  const changes: Change[] = [];
  const waiting: { holds: () => boolean; resolve: () => void }[] = [];
  const view = viewOf(ledger, (seen, recorded) => {
    observations.push(...seen);
    outcomes.push(...recorded.outcomes);
    changes.push(...recorded.changes);
    for (const one of [...waiting]) {
      if (!one.holds()) continue;
      waiting.splice(waiting.indexOf(one), 1);
      one.resolve();
    }
  });
  const poller = pollerOf({ ledger: view, clock: given.clock ?? systemClock, ...options });
  return {
    poller,
    ledger,
    observations,
    outcomes,
    changes,
    until(holds) {
      if (holds()) return Promise.resolve();
      return inTime('observations', new Promise((resolve) => waiting.push({ holds, resolve })));
    },
    close: () => poller.close(),
  };
}
