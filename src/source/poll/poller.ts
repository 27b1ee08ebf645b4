import type { BudgetFor, Schedule } from '../../cluster/cluster.ts';
import type { Digest } from '../../event/digest.ts';
import { parseReference, type RepositoryName } from '../../event/reference.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Metrics } from '../../lib/metrics.ts';
import type { Random } from '../../lib/random.ts';
import { RareLog } from '../../lib/rare-log.ts';
import type { BreakerMode } from '../../upstream/breaker.ts';
import { credentialsFromDockerConfig } from '../../upstream/docker-config.ts';
import { createExchange, type Exchange } from '../../upstream/exchange.ts';
import type { HeadAnswer } from '../../upstream/head-queue.ts';
import { type FetchedManifest, getManifest, headTag } from '../../upstream/manifest.ts';
import { budgetKey, type Pressure, RegistryClient } from '../../upstream/registry-client.ts';
import type { LedgerView } from './ledger-view.ts';
import { listerOf } from './listers/listers.ts';
import { PollMetrics } from './metrics.ts';
import type { RegistryOptions, WatchOptions } from './options.ts';
import { RegistryPoller } from './registry-poller.ts';
import { type RegistryReport, registryReport } from './registry-report.ts';
import { type RepositoryReport, reportOfAll } from './repositories.ts';

/** What a poller needs. */
export interface PollerOptions {
  readonly registries: readonly RegistryOptions[];
  /** As configured: a bare name is in `defaultRegistry`. */
  readonly watch: readonly WatchOptions[];
  readonly defaultRegistry: string;
  readonly ledger: LedgerView;
  readonly scheduleFor: (registry: string) => Schedule;
  readonly budgetFor: BudgetFor;
  /** Default: undici. */
  readonly exchangeFor?: (registry: RegistryOptions) => Exchange;
  /** How long a repository is polled after its last subscriber left, ms; default 5 minutes. */
  readonly lingerMs?: number;
  /** Repositories polled on demand, per registry; default 10,000. */
  readonly maxOnDemand?: number;
  /** A registry asked us to slow down: its clients should slow down too. */
  readonly onPressure: (registry: string, kind: Pressure) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
}

interface UpstreamReport {
  readonly registry: string;
  /** The configured budget. */
  readonly requestsPerSecond: number;
  readonly breaker: BreakerMode;
  /** Nothing is asked for this long, ms. */
  readonly backoffMs: number;
  /** Those whose last look failed come first. */
  readonly repositories: readonly RepositoryReport[];
  /** Includes repositories that `limit` left out. */
  readonly total: number;
  /** How many are due now, and of how many the last look failed. */
  readonly due: number;
  readonly failing: number;
}

const defaultLingerMs = 5 * 60_000;
const defaultMaxOnDemand = 10_000;
const defaultReported = 1_000;
/** A HEAD waits for the end of a registry's pause of up to this long, ms. */
const maxHeadPauseMs = 10_000;

/** Checks each repository once for all subscribers. It says what it saw; the ledger decides what is a change. */
export class Poller {
  readonly #options: PollerOptions;
  readonly #pollers = new Map<string, RegistryPoller>();
  readonly #stopReset: () => void;
  #starting: Promise<void> | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: PollerOptions) {
    this.#options = options;
    const metrics = new PollMetrics(options.metrics, this.#pollers, options.clock);
    for (const registry of options.registries) {
      this.#pollers.set(registry.host, createRegistryPoller(withCredentials(registry), options, metrics));
    }
    // Looks then ask again which scopes are baselined.
    this.#stopReset = options.ledger.onReset(() => {
      for (const poller of this.#pollers.values()) poller.forgetBaselines();
    });
  }

  /** One configured registry, for questions besides the looks; null: no other one is ever contacted. */
  upstreamOf(registry: string): RegistryPoller | null {
    return this.#pollers.get(registry) ?? null;
  }

  /**
   * Sets the tags and globs that live subscriptions want of a repository (`registry/name`); null: none. False: it
   * is not polled, because its registry is unknown, not `onDemand`, or full.
   */
  async setDemand(repositoryKey: string, scopes: readonly string[] | null): Promise<boolean> {
    const slash = repositoryKey.indexOf('/');
    const poller = this.#pollers.get(repositoryKey.slice(0, slash));
    return poller === undefined ? false : poller.setDemand(repositoryKey.slice(slash + 1), scopes);
  }

  /** As `setDemand`, in the background. */
  readonly onDemand = (repositoryKey: string, scopes: readonly string[] | null): void => {
    this.setDemand(repositoryKey, scopes).catch(this.#noteFailure);
  };

  /** Asks for a look soon, after a webhook. Does nothing if the repository is not polled. */
  async confirm(registry: string, repository: string): Promise<void> {
    await this.#pollers.get(registry)?.confirm(repository);
  }

  /** As `confirm`, in the background. */
  readonly onWebhook = (registry: string, repository: string): void => {
    this.confirm(registry, repository).catch(this.#noteFailure);
  };

  readonly #noteFailure = (error: unknown): void => {
    this.#options.log.warn({ error: String(error) }, 'schedule poll: failed');
  };

  /** Asks for one tag before everything else. If `signal` aborts, the answer is `unreachable`. */
  async head(registry: string, repository: string, tag: string, signal?: AbortSignal): Promise<HeadAnswer> {
    const poller = this.#pollers.get(registry);
    if (poller === undefined) return 'unconfigured';
    // The registry asked for a pause: the completion retries later, or gives up.
    if (poller.backoffMs > maxHeadPauseMs) return 'unreachable';
    try {
      const look = await headTag(poller.client, repository, tag, { urgent: true, ...(signal && { signal }) });
      return look.kind === 'gone' ? 'gone' : look;
    } catch {
      return 'unreachable';
    }
  }

  /**
   * Gets a manifest. Null: the registry does not have it, is not configured, or gave no certain answer.
   *
   * @param withinMs how long the caller waits: if the registry asked for a longer pause, it is not asked
   */
  async manifest(
    { registry, repository }: RepositoryName,
    digest: Digest,
    { withinMs, urgent, signal }: { withinMs: number; urgent: boolean; signal: AbortSignal },
  ): Promise<FetchedManifest | null> {
    const poller = this.#pollers.get(registry);
    if (poller === undefined || poller.backoffMs > withinMs) return null;
    try {
      return await getManifest(poller.client, repository, digest, { urgent, signal });
    } catch {
      return null;
    }
  }

  /** How each registry does. */
  registries(): readonly RegistryReport[] {
    const { clock } = this.#options;
    return [...this.#pollers].map(([registry, poller]) => registryReport(registry, poller, clock));
  }

  /**
   * What is known of each registry, and of each repository that is polled.
   *
   * @param limit repositories listed per registry; default 1,000
   * @param only this registry; default: all
   */
  upstreams({
    limit = defaultReported,
    only,
  }: {
    limit?: number | undefined;
    only?: string | undefined;
  } = {}): readonly UpstreamReport[] {
    const now = this.#options.clock.now();
    return [...this.#pollers]
      .filter(([registry]) => only === undefined || registry === only)
      .map(([registry, { breakerMode: breaker, backoffMs, options, states }]) => ({
        ...{ registry, requestsPerSecond: options.poll.requestsPerSecond, breaker },
        backoffMs: Math.round(backoffMs),
        ...reportOfAll(states, limit, now),
      }));
  }

  /** Resolves when the configured repositories are scheduled. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    const { watch, defaultRegistry } = this.#options;
    const watched = new Map([...this.#pollers.keys()].map((host): [string, WatchOptions[]] => [host, []]));
    for (const one of watch) {
      const { registry, repository } = parseReference(one.repository, { defaultRegistry });
      watched.get(registry)?.push({ ...one, repository });
    }
    for (const [registry, poller] of this.#pollers) {
      await poller.watch(watched.get(registry) ?? []);
      if (this.#closing === null) poller.start();
    }
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#stopReset();
    this.#closing ??= Promise.all([...this.#pollers.values()].map((poller) => poller.close())).then(() => {});
    return this.#closing;
  }
}

function withCredentials(registry: RegistryOptions): RegistryOptions {
  const { host, username, dockerConfigText } = registry;
  if (username !== undefined || dockerConfigText === undefined) return registry;
  return { ...registry, ...credentialsFromDockerConfig(dockerConfigText, host) };
}

function createRegistryPoller(
  registry: RegistryOptions,
  options: PollerOptions,
  metrics: PollMetrics,
): RegistryPoller {
  const { host, poll } = registry;
  const { clock, random, log } = options;
  if (registry.insecureSkipVerify === true) {
    log.warn({ registry: host }, 'poll: certificates of this registry are NOT verified (insecureSkipVerify)');
  }
  const lister = listerOf(registry);
  const client = new RegistryClient(registry, {
    exchange:
      options.exchangeFor?.(registry) ??
      createExchange({ ...registry, connections: poll.concurrency, clock }),
    metadataEndpoint: lister.metadataEndpoint,
    budget: options.budgetFor(budgetKey(registry), poll.requestsPerSecond),
    clock,
    random,
    requests: metrics.requests,
    onPressure: (kind) => options.onPressure(host, kind),
    onRemaining: (remaining) => metrics.remaining.set(remaining, { registry: host }),
  });
  return new RegistryPoller({
    options: registry,
    client,
    lister,
    metrics,
    schedule: options.scheduleFor(host),
    ledger: options.ledger,
    lingerMs: options.lingerMs ?? defaultLingerMs,
    maxOnDemand: options.maxOnDemand ?? defaultMaxOnDemand,
    clock,
    random,
    rareLog: new RareLog(log, clock),
  });
}
