/** Connects the poller with configuration and ledger. */
import { parseReference, repositoryKey } from '../../event/reference.ts';
import type { CountOutcomes } from '../../ledger/counters.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Log } from '../../lib/log.ts';
import { credentialsFromDockerConfig } from '../../upstream/docker-config.ts';
import type { KnownTag } from './ledger-view.ts';
import type { RegistryOptions, WatchOptions } from './options.ts';
import { createPoller, type Poller, type PollerOptions } from './poller.ts';

export interface ConfiguredRegistry extends RegistryOptions {
  readonly dockerConfigText?: string;
}

export interface PollingOptions
  extends Pick<PollerOptions, 'scheduleFor' | 'budgetFor' | 'onPressure' | 'clock' | 'random' | 'metrics'> {
  readonly registries: readonly ConfiguredRegistry[];
  /** As configured: a bare name is in `defaultRegistry`. */
  readonly watch: readonly WatchOptions[];
  readonly defaultRegistry: string;
  readonly ledger: Ledger;
  readonly countOutcomes: CountOutcomes;
  readonly log: Log;
}

export interface Polling {
  readonly poller: Poller;
  onDemand(repositoryKey: string, scopes: readonly string[] | null): void;
  confirm(registry: string, repository: string): void;
  start(): Promise<void>;
  close(): Promise<void>;
}

const pageSize = 1_000;

export function createPolling(options: PollingOptions): Polling {
  const { ledger, log, defaultRegistry } = options;
  const poller = createPoller({
    ...options,
    registries: options.registries.map(withCredentials),
    watch: options.watch.map((watch) => {
      const { registry, repository } = parseReference(watch.repository, { defaultRegistry });
      return { ...watch, repository: repositoryKey({ registry, repository }) };
    }),
    observe: async (observations) => {
      const recorded = await ledger.record(observations);
      options.countOutcomes('poll', recorded.outcomes);
      return recorded.changes.length;
    },
    knownTags: (registry, repository) => knownTags(ledger, `${registry}/${repository}`),
    baselines: (registry, repository) => ledger.baselines(registry, repository),
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

function withCredentials(registry: ConfiguredRegistry): RegistryOptions {
  if (registry.username !== undefined || registry.dockerConfigText === undefined) return registry;
  return { ...registry, ...credentialsFromDockerConfig(registry.dockerConfigText, registry.host) };
}
