/** Checks each repository once for all subscribers. It says what it saw; the ledger decides what is a change. */

import { createMemoryBudget } from '../../cluster/memory/request-budget.ts';
import { createMemorySchedule } from '../../cluster/memory/schedule.ts';
import type { BudgetFor } from '../../cluster/request-budget.ts';
import type { Schedule } from '../../cluster/schedule.ts';
import type { Clock } from '../../lib/clock.ts';
import { systemClock } from '../../lib/clock.ts';
import { type Log, noLog } from '../../lib/log.ts';
import { type Counter, type Labels, type Metrics, noMetrics } from '../../lib/metrics.ts';
import { type Random, systemRandom } from '../../lib/random.ts';
import { RareLog } from '../../lib/rare-log.ts';
import { createExchange, type Exchange } from '../../upstream/exchange.ts';
import type { HeadAnswer } from '../../upstream/head-queue.ts';
import { headTag } from '../../upstream/manifest.ts';
import { budgetKey, createRegistryClient, type Pressure } from '../../upstream/registry-client.ts';
import type { LedgerView } from './ledger-view.ts';
import { defaultListBounds, type ListBounds } from './listers/lister.ts';
import { listerOf } from './listers/listers.ts';
import type { RegistryOptions, WatchOptions } from './options.ts';
import { RegistryPoller } from './registry-poller.ts';
import { type RepositoryReport, reportOf } from './repository-state.ts';

export interface PollerOptions extends LedgerView {
  readonly registries: readonly RegistryOptions[];
  readonly watch: readonly WatchOptions[];
  /** Default: a schedule in this gateway's memory. */
  readonly scheduleFor?: ((registry: string) => Schedule) | undefined;
  /** Default: a budget of this gateway alone. */
  readonly budgetFor?: BudgetFor | undefined;
  /** Default: undici. */
  readonly exchangeFor?: ((registry: RegistryOptions) => Exchange) | undefined;
  /** How long a repository is polled after its last subscriber left, ms; default 5 minutes. */
  readonly lingerMs?: number | undefined;
  /** Repositories polled on demand, per registry; default 10,000. */
  readonly maxOnDemand?: number | undefined;
  readonly bounds?: ListBounds | undefined;
  /** A registry asked us to slow down: its clients should slow down too. */
  readonly onPressure?: ((registry: string, kind: Pressure) => void) | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly metrics?: Metrics | undefined;
  readonly log?: Log | undefined;
}

export interface UpstreamReport {
  readonly registry: string;
  readonly breaker: 'closed' | 'open' | 'probing';
  /** Nothing is asked for this long, ms. */
  readonly backoffMs: number;
  readonly repositories: readonly RepositoryReport[];
  /** Includes repositories that `limit` left out. */
  readonly total: number;
}

export interface Poller {
  /** Whether the registry is configured; no other one is ever contacted. */
  canPoll(registry: string): boolean;
  /**
   * Sets the tags and globs that live subscriptions want of a repository (`registry/name`); null: none. False: it
   * is not polled, because its registry is unknown, not `onDemand`, or full.
   */
  setDemand(repositoryKey: string, scopes: readonly string[] | null): Promise<boolean>;
  /** Asks for a look soon, after a webhook. Does nothing if the repository is not polled. */
  confirm(registry: string, repository: string): Promise<void>;
  /** Asks for one tag before everything else. If `signal` aborts, the answer is `unreachable`. */
  head(registry: string, repository: string, tag: string, signal?: AbortSignal): Promise<HeadAnswer>;
  /** @param limit repositories listed per registry; default 1,000 */
  upstreams(limit?: number): readonly UpstreamReport[];
  /** Call it when the ledger lost its continuity: looks then ask again which scopes are baselined. */
  forgetBaselines(): void;
  /** Resolves when the configured repositories are scheduled. */
  start(): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

const defaultLingerMs = 5 * 60_000;
const defaultMaxOnDemand = 10_000;
const defaultReported = 1_000;
/** A HEAD waits for the end of a registry's pause of up to this long, ms. */
const maxHeadPauseMs = 10_000;

export function createPoller(options: PollerOptions): Poller {
  const clock = options.clock ?? systemClock;
  const pollers = new Map<string, RegistryPoller>();
  const counters = countersOf(options.metrics ?? noMetrics, pollers, clock);
  for (const registry of options.registries) {
    pollers.set(registry.host, createRegistryPoller(registry, options, clock, counters));
  }
  let starting: Promise<void> | null = null;
  let closing: Promise<void> | null = null;

  async function start(): Promise<void> {
    for (const poller of pollers.values()) {
      const prefix = `${poller.options.host}/`;
      await poller.watch(options.watch.filter(({ repository }) => repository.startsWith(prefix)));
      if (closing === null) poller.start();
    }
  }

  return {
    canPoll: (registry) => pollers.has(registry),
    async setDemand(repositoryKey, scopes) {
      const slash = repositoryKey.indexOf('/');
      const poller = pollers.get(repositoryKey.slice(0, slash));
      return poller === undefined ? false : poller.setDemand(repositoryKey.slice(slash + 1), scopes);
    },
    async confirm(registry, repository) {
      await pollers.get(registry)?.confirm(repository);
    },
    async head(registry, repository, tag, signal) {
      const poller = pollers.get(registry);
      return poller === undefined ? 'unconfigured' : headNow(poller, repository, tag, signal);
    },
    upstreams(limit = defaultReported) {
      return [...pollers.values()].map((poller) => ({
        registry: poller.options.host,
        breaker: poller.breakerMode,
        backoffMs: Math.round(poller.backoffMs),
        repositories: [...take(poller.states, limit)].map(([name, state]) => reportOf(name, state)),
        total: poller.states.size,
      }));
    },
    forgetBaselines() {
      for (const poller of pollers.values()) poller.forgetBaselines();
    },
    start() {
      starting ??= start();
      return starting;
    },
    close() {
      closing ??= Promise.all([...pollers.values()].map((poller) => poller.close())).then(() => {});
      return closing;
    },
  };
}

function createRegistryPoller(
  registry: RegistryOptions,
  options: PollerOptions,
  clock: Clock,
  counters: PollCounters,
): RegistryPoller {
  const { host, poll } = registry;
  const log = options.log ?? noLog;
  const random = options.random ?? systemRandom;
  if (registry.insecureSkipVerify === true) {
    log.warn({ registry: host }, 'poll: certificates of this registry are NOT verified (insecureSkipVerify)');
  }
  const exchange =
    options.exchangeFor?.(registry) ??
    createExchange({
      connections: poll.concurrency,
      ca: registry.ca,
      insecureSkipVerify: registry.insecureSkipVerify,
      clock,
    });
  const budget =
    options.budgetFor?.(budgetKey(registry), poll.requestsPerSecond) ??
    createMemoryBudget(poll.requestsPerSecond, clock);
  const lister = listerOf(registry);
  const client = createRegistryClient(registry, {
    exchange,
    metadataEndpoint: lister.metadataEndpoint,
    budget,
    clock,
    random,
    requests: counters.requests,
    onPressure: (kind) => options.onPressure?.(host, kind),
    onRemaining: (remaining) => counters.remaining(host, remaining),
  });
  return new RegistryPoller({
    options: registry,
    client,
    lister,
    schedule: options.scheduleFor?.(host) ?? createMemorySchedule(clock),
    ledger: {
      observe: options.observe,
      knownTags: options.knownTags,
      baselines: options.baselines,
    },
    bounds: options.bounds ?? defaultListBounds,
    lingerMs: options.lingerMs ?? defaultLingerMs,
    maxOnDemand: options.maxOnDemand ?? defaultMaxOnDemand,
    clock,
    random,
    rareLog: new RareLog(log, clock),
    onLook: (outcome) => counters.looks.inc({ registry: host, outcome }),
    onBadAnswer: (reason, by) => counters.badAnswers.inc({ registry: host, reason }, by),
    onMassLoss: () => counters.massLosses.inc({ registry: host }),
  });
}

async function headNow(
  poller: RegistryPoller,
  repository: string,
  tag: string,
  signal: AbortSignal | undefined,
): Promise<HeadAnswer> {
  // The registry asked for a pause: the completion retries later, or gives up.
  if (poller.backoffMs > maxHeadPauseMs) return 'unreachable';
  try {
    const look = await headTag(poller.client, repository, tag, { urgent: true, ...(signal && { signal }) });
    return look.kind === 'gone' ? 'gone' : look;
  } catch {
    return 'unreachable';
  }
}

function* take<T>(items: Iterable<T>, limit: number): Generator<T> {
  let left = limit;
  for (const item of items) {
    if (left-- <= 0) return;
    yield item;
  }
}

interface PollCounters {
  readonly requests: Counter;
  readonly looks: Counter;
  readonly badAnswers: Counter;
  readonly massLosses: Counter;
  readonly remaining: (registry: string, remaining: number) => void;
}

/** Repositories with a metric series of their own, per registry: 100,000 would be too many to scrape. */
const maxRepositorySeries = 1_000;

function countersOf(
  metrics: Metrics,
  pollers: ReadonlyMap<string, RegistryPoller>,
  clock: Clock,
): PollCounters {
  const reported = new Map<string, Labels>();
  const remaining = metrics.gauge(
    'poll_ratelimit_remaining',
    'Requests the registry says are left to this identity',
    ['registry'],
  );
  metrics.gauge('poll_backoff_seconds', 'For how long a registry is left alone', ['registry'], (gauge) => {
    for (const [registry, poller] of pollers) gauge.set(poller.backoffMs / 1000, { registry });
  });
  metrics.gauge('poll_breaker_open', '1 while a registry is left alone or probed', ['registry'], (gauge) => {
    for (const [registry, poller] of pollers)
      gauge.set(poller.breakerMode === 'closed' ? 0 : 1, { registry });
  });
  metrics.gauge('poll_repositories', 'Repositories polled', ['registry'], (gauge) => {
    for (const [registry, poller] of pollers) gauge.set(poller.states.size, { registry });
  });
  metrics.gauge(
    'poll_repository_unseen_seconds',
    `Seconds since a repository was last seen whole (the first ${maxRepositorySeries} of each registry)`,
    ['registry', 'repository'],
    (gauge) => {
      const gone = new Map(reported);
      reported.clear();
      for (const [registry, poller] of pollers) {
        for (const [repository, state] of take(poller.states, maxRepositorySeries)) {
          if (state.lastSeenAt === 0) continue;
          const labels = { registry, repository };
          gauge.set((clock.now() - state.lastSeenAt) / 1000, labels);
          reported.set(`${registry}/${repository}`, labels);
          gone.delete(`${registry}/${repository}`);
        }
      }
      for (const labels of gone.values()) gauge.remove(labels);
    },
  );
  return {
    requests: metrics.counter('poll_requests_total', 'Requests sent to registries', [
      'registry',
      'kind',
      'status',
    ]),
    looks: metrics.counter('poll_looks_total', 'Looks at repositories', ['registry', 'outcome']),
    badAnswers: metrics.counter('poll_bad_answers_total', 'Answers that broke the rules', [
      'registry',
      'reason',
    ]),
    massLosses: metrics.counter(
      'poll_mass_losses_total',
      'Times that most known tags of a repository were gone at once and a second look was waited for',
      ['registry'],
    ),
    remaining: (registry, left) => remaining.set(left, { registry }),
  };
}
