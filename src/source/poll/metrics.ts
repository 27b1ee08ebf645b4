import type { Clock } from '../../lib/clock.ts';
import type { Counter, Gauge, Labels, Metrics } from '../../lib/metrics.ts';
import type { BreakerMode } from '../../upstream/breaker.ts';

interface Polled {
  readonly breakerMode: BreakerMode;
  readonly backoffMs: number;
  readonly states: ReadonlyMap<string, { readonly unseenSince: number }>;
}

/** Repositories with a metric series of their own, per registry: 100,000 would be too many to scrape. */
const maxRepositorySeries = 1_000;

/** What the poller counts, and what a scrape reads of it. */
export class PollMetrics {
  readonly requests: Counter;
  readonly looks: Counter;
  readonly badAnswers: Counter;
  readonly massLosses: Counter;
  readonly remaining: Gauge;

  /** @param pollers by registry, read at each scrape */
  constructor(metrics: Metrics, pollers: ReadonlyMap<string, Polled>, clock: Clock) {
    this.requests = metrics.counter('poll_requests_total', 'Requests sent to registries', [
      'registry',
      'kind',
      'status',
    ]);
    this.looks = metrics.counter('poll_looks_total', 'Looks at repositories', ['registry', 'outcome']);
    this.badAnswers = metrics.counter('poll_bad_answers_total', 'Answers that broke the rules', [
      'registry',
      'reason',
    ]);
    this.massLosses = metrics.counter(
      'poll_mass_losses_total',
      'Times that most known tags of a repository were gone at once and a second look was waited for',
      ['registry'],
    );
    this.remaining = metrics.gauge(
      'poll_ratelimit_remaining',
      'Requests the registry says are left to this identity',
      ['registry'],
    );
    metrics.gauge('poll_backoff_seconds', 'For how long a registry is left alone', ['registry'], (gauge) => {
      for (const [registry, { backoffMs }] of pollers) gauge.set(backoffMs / 1000, { registry });
    });
    metrics.gauge(
      'poll_breaker_open',
      '1 while a registry is left alone or probed',
      ['registry'],
      (gauge) => {
        for (const [registry, { breakerMode }] of pollers) {
          gauge.set(breakerMode === 'closed' ? 0 : 1, { registry });
        }
      },
    );
    metrics.gauge('poll_repositories', 'Repositories polled', ['registry'], (gauge) => {
      for (const [registry, { states }] of pollers) gauge.set(states.size, { registry });
    });
    showUnseen(metrics, pollers, clock);
  }
}

function showUnseen(metrics: Metrics, pollers: ReadonlyMap<string, Polled>, clock: Clock): void {
  const reported = new Map<string, Labels>();
  metrics.gauge(
    'poll_repository_unseen_seconds',
    `Seconds since a repository was last seen whole, or else first looked at (the first ${maxRepositorySeries} of each registry)`,
    ['registry', 'repository'],
    (gauge) => {
      const gone = new Map(reported);
      reported.clear();
      for (const [registry, poller] of pollers) {
        for (const [repository, state] of poller.states.entries().take(maxRepositorySeries)) {
          if (state.unseenSince === 0) continue;
          const labels = { registry, repository };
          gauge.set((clock.now() - state.unseenSince) / 1000, labels);
          reported.set(`${registry}/${repository}`, labels);
          gone.delete(`${registry}/${repository}`);
        }
      }
      for (const labels of gone.values()) gauge.remove(labels);
    },
  );
}
