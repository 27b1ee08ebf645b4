import type { Counter, Gauge, Labels, Metrics } from '../../src/lib/metrics.ts';

export interface CountingMetrics extends Metrics {
  /** A counter's sum over all labels, or a gauge's current value; 0 if there is none. */
  value(name: string): number;
}

/** Gauges with a `collect` run it when they are read, as at a scrape. */
export function countingMetrics(): CountingMetrics {
  const values = new Map<string, number>();
  const collectors = new Map<string, () => void>();
  const add = (name: string, by: number) => values.set(name, (values.get(name) ?? 0) + by);
  return {
    counter: (name): Counter => ({ inc: (_labels?: Labels, by = 1) => void add(name, by) }),
    gauge(name, _help, _labelNames, collect): Gauge {
      const gauge: Gauge = { set: (value) => void values.set(name, value), remove: () => {} };
      if (collect !== undefined) collectors.set(name, () => collect(gauge));
      return gauge;
    },
    histogram: () => ({ observe: () => {} }),
    value(name) {
      collectors.get(name)?.();
      return values.get(name) ?? 0;
    },
  };
}
