import type { Counter, Gauge, Labels, Metrics } from '../../src/lib/metrics.ts';

export interface CountingMetrics extends Metrics {
  /** A counter's sum over all labels, or over those that are given, or a gauge's current value; 0 if there is none. */
  value(name: string, labels?: Labels): number;
  /** What a histogram got, in order. */
  observed(name: string): readonly { readonly value: number; readonly labels: Labels }[];
}

/** Metrics with a `collect` run it when they are read, as at a scrape. */
export function countingMetrics(): CountingMetrics {
  const values = new Map<string, number>();
  const collectors = new Map<string, () => void>();
  const observations = new Map<string, { value: number; labels: Labels }[]>();
  const keyOf = (name: string, labels: Labels) => JSON.stringify([name, Object.entries(labels).sort()]);
  const add = (name: string, by: number, labels: Labels) => {
    for (const key of new Set([name, keyOf(name, labels)])) values.set(key, (values.get(key) ?? 0) + by);
  };
  return {
    counter(name, _help, _labelNames, collect): Counter {
      const counter: Counter = { inc: (labels: Labels = {}, by = 1) => add(name, by, labels) };
      if (collect !== undefined) collectors.set(name, () => collect(counter));
      return counter;
    },
    gauge(name, _help, _labelNames, collect): Gauge {
      const gauge: Gauge = { set: (value) => void values.set(name, value), remove: () => {} };
      if (collect !== undefined) collectors.set(name, () => collect(gauge));
      return gauge;
    },
    histogram: (name) => ({
      observe: (value, labels = {}) =>
        void observations.set(name, [...(observations.get(name) ?? []), { value, labels }]),
    }),
    value(name, labels) {
      collectors.get(name)?.();
      return values.get(labels === undefined ? name : keyOf(name, labels)) ?? 0;
    },
    observed: (name) => observations.get(name) ?? [],
  };
}
