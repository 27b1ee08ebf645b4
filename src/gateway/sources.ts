/** Fits the sources to the ledger: what webhooks bring, what completes them, and what polls see. */

import type { Config } from '../config/config.ts';
import { parseReference, repositoryKey } from '../event/reference.ts';
import type { Ledger, Outcome } from '../ledger/ledger.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { Random } from '../lib/random.ts';
import type { KnownTag } from '../source/poll/look.ts';
import type { RegistryOptions, WatchOptions } from '../source/poll/options.ts';
import { createPoller, type Poller, type PollerOptions } from '../source/poll/poller.ts';
import { Completion } from '../source/webhook/completion.ts';
import type { Batch } from '../source/webhook/intake.ts';
import { credentialsFromDockerConfig } from '../upstream/docker-config.ts';
import type { CountOutcomes } from './outcomes.ts';

interface Common {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly countOutcomes: CountOutcomes;
}

export interface Intake {
  take(batch: Batch): Promise<{ readonly outcomes: readonly Outcome[] }>;
  start(): void;
  close(): Promise<void>;
}

/** Stores what webhooks bring; tags without digest are kept durably and completed afterwards. */
export function createIntake(options: Common & { readonly poller: Poller }): Intake {
  const { ledger, poller } = options;
  const seconds = options.metrics.histogram(
    'ledger_record_seconds',
    'Time until the ledger had stored what a webhook said',
    [],
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
  );
  const completion = new Completion({
    claim: (limit, leaseMs) => ledger.claimPending(limit, leaseMs),
    head: (registry, repository, tag) => poller.head(registry, repository, tag),
    record: async (observations, settles) => {
      options.countOutcomes('completion', (await ledger.record(observations, settles)).outcomes);
    },
    ...options,
  });
  return {
    async take({ observations, incomplete }) {
      const startedAt = options.clock.monotonic();
      if (incomplete.length > 0) await ledger.defer(incomplete);
      const recorded =
        observations.length > 0 ? await ledger.record(observations) : { outcomes: [], changes: [] };
      seconds.observe((options.clock.monotonic() - startedAt) / 1000);
      options.countOutcomes('webhook', recorded.outcomes);
      if (incomplete.length > 0 || recorded.outcomes.includes('waiting')) completion.wake();
      return { outcomes: recorded.outcomes };
    },
    start: () => completion.start(),
    close: () => completion.close(),
  };
}

export interface Polling {
  readonly poller: Poller;
  onDemand(repositoryKey: string, scopes: readonly string[] | null): void;
  confirm(registry: string, repository: string): void;
  start(): Promise<void>;
  close(): Promise<void>;
}

const pageSize = 1_000;

export function createPolling(
  options: Common &
    Pick<PollerOptions, 'scheduleFor' | 'budgetFor' | 'onPressure'> & { readonly config: Config },
): Polling {
  const { config, ledger, log } = options;
  const poller = createPoller({
    registries: config.registries.map(toRegistry),
    watch: config.watch.map((watch): WatchOptions => {
      const { registry, repository } = parseReference(watch.repository, {
        defaultRegistry: config.defaultRegistry,
      });
      return { ...watch, repository: repositoryKey({ registry, repository }) };
    }),
    observe: async (observations) => {
      const recorded = await ledger.record(observations);
      options.countOutcomes('poll', recorded.outcomes);
      return recorded.changes.length;
    },
    knownTags: (registry, repository) => knownTags(ledger, `${registry}/${repository}`),
    baselines: (registry, repository) => ledger.baselines(registry, repository),
    onPressure: options.onPressure,
    scheduleFor: options.scheduleFor,
    budgetFor: options.budgetFor,
    clock: options.clock,
    random: options.random,
    metrics: options.metrics,
    log,
  });
  const noteFailure = (error: unknown) => log.warn({ error: String(error) }, 'schedule poll: failed');
  const stopTail = ledger.tail((event) => {
    if (event.kind === 'reset') poller.forgetBaselines();
  });
  return {
    poller,
    onDemand(key, scopes) {
      poller.setDemand(key, scopes).catch(noteFailure);
    },
    confirm(registry, repository) {
      poller.confirm(registry, repository).catch(noteFailure);
    },
    start: () => poller.start(),
    async close() {
      stopTail();
      await poller.close();
    },
  };
}

async function* knownTags(ledger: Ledger, key: string): AsyncGenerator<KnownTag> {
  let cursor: string | null = null;
  do {
    const query = { repositories: [key], limit: pageSize };
    const page: Awaited<ReturnType<Ledger['tags']>> = await ledger.tags(
      cursor === null ? query : { ...query, cursor },
    );
    yield* page.tags;
    cursor = page.cursor;
  } while (cursor !== null);
}

function toRegistry(registry: Config['registries'][number]): RegistryOptions {
  if (registry.username !== undefined || registry.dockerConfigText === undefined) return registry;
  const credentials = credentialsFromDockerConfig(registry.dockerConfigText, registry.host);
  return credentials === null ? registry : { ...registry, ...credentials };
}
