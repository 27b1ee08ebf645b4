/** What targets count. */
import type { Counter, Gauge, Histogram, Metrics } from '../lib/metrics.ts';
import type { Fate } from './course/course.ts';

/**
 * What became of a change, or of an attempt: `retried` and `stopped` are attempts; `lost`: a reset came while it waited;
 * `skipped`: an operator had the target go on after it; `reset`: the tool was told of a reset.
 */
export type Result = Fate | 'retried' | 'stopped' | 'lost' | 'skipped' | 'reset';

const results: readonly Result[] = [
  ...(['accepted', 'ignored', 'refused', 'overtaken', 'expired'] as const),
  ...(['retried', 'stopped', 'lost', 'skipped', 'reset'] as const),
];

/** Seconds: from one request to the last wait of the schedule. */
const buckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400];

/** One target that this gateway serves, as gauges show it. */
export interface Gauged {
  readonly name: string;
  /** Positions between its low-water mark and the newest change. */
  readonly lag: number;
  readonly waiting: number;
  /** For how long the oldest change that is due has waited, ms; 0: none is. */
  readonly dueForMs: number;
  readonly disabled: boolean;
}

export class TargetMetrics {
  readonly #deliveries: Counter;
  readonly #latency: Histogram;

  /** @param served those that this gateway serves now */
  constructor(metrics: Metrics, names: readonly string[], served: () => readonly Gauged[]) {
    this.#deliveries = metrics.counter(
      'target_deliveries_total',
      'Changes by what became of them, and attempts that failed',
      ['target', 'result'],
    );
    // Rates need a beginning.
    for (const target of names) for (const result of results) this.#deliveries.inc({ target, result }, 0);
    this.#latency = metrics.histogram(
      'target_latency_seconds',
      'Time from when a change was recorded until the tool accepted it',
      ['target'],
      buckets,
    );
    const show =
      (value: (each: Gauged) => number) =>
      (gauge: Gauge): void => {
        const now = new Map(served().map((each) => [each.name, each]));
        for (const target of names) {
          const each = now.get(target);
          // Another gateway serves it, and shows it.
          if (each === undefined) gauge.remove({ target });
          else gauge.set(value(each), { target });
        }
      };
    metrics.gauge(
      'target_lag_positions',
      'Positions that the target is behind the head',
      ['target'],
      show(({ lag }) => lag),
    );
    metrics.gauge(
      'target_waiting',
      'Changes that wait or are under way',
      ['target'],
      show(({ waiting }) => waiting),
    );
    metrics.gauge(
      'target_waiting_seconds',
      'Time for which the oldest change that is due has waited; 0: none is',
      ['target'],
      show(({ dueForMs }) => dueForMs / 1_000),
    );
    metrics.gauge(
      'target_disabled',
      '1 while the tool wants no more, until an operator resumes the target',
      ['target'],
      show(({ disabled }) => (disabled ? 1 : 0)),
    );
  }

  count(target: string, result: Result, by = 1): void {
    this.#deliveries.inc({ target, result }, by);
  }

  /** The tool accepted a change. @param ageMs of the change */
  latency(target: string, ageMs: number): void {
    this.#latency.observe(ageMs / 1_000, { target });
  }
}
