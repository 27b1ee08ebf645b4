import type { Change } from '../../src/event/change.ts';
import type { Observation } from '../../src/event/observation.ts';
import type { Ledger, Outcome } from '../../src/ledger/ledger.ts';
import { openMemoryLedger } from '../../src/ledger/memory/memory.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/random.ts';
import type { LedgerView } from '../../src/source/poll/ledger-view.ts';
import type { RegistryOptions, RegistryPollOptions } from '../../src/source/poll/options.ts';
import { createPoller, type Poller, type PollerOptions } from '../../src/source/poll/poller.ts';

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
    async observe(observations) {
      const recorded = await ledger.record(observations);
      onRecord(observations, recorded);
      return recorded.changes.length;
    },
    async *knownTags(registry, repository) {
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<Ledger['tags']>> = await ledger.tags({
          repositories: [`${registry}/${repository}`],
          limit: 1_000,
          ...(cursor === null ? {} : { cursor }),
        });
        yield* page.tags;
        cursor = page.cursor;
      } while (cursor !== null);
    },
    baselines: (registry, repository) => ledger.baselines(registry, repository),
  };
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
  const poller = createPoller({
    watch: [],
    ...view,
    clock: given.clock ?? systemClock,
    ...options,
  });
  return {
    poller,
    ledger,
    observations,
    outcomes,
    changes,
    until(holds) {
      if (holds()) return Promise.resolve();
      return new Promise((resolve) => waiting.push({ holds, resolve }));
    },
    close: () => poller.close(),
  };
}
