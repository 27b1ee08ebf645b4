/** The metrics port on prom-client. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Labels, Metrics, Gauge as MetricsGauge } from '../lib/metrics.ts';

/** The metrics, and what `/metrics` answers. */
export interface PrometheusMetrics extends Metrics {
  readonly contentType: string;
  /** The exposition, collected now. */
  text(): Promise<string>;
}

const prefix = 'manifeed_';

/** Also collects prom-client's default metrics of the process. */
export function createPrometheusMetrics(): PrometheusMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    counter: (name, help, labelNames = [], collect) => {
      const counter = new Counter({
        name: prefix + name,
        help,
        labelNames: [...labelNames],
        registers,
        ...(collect === undefined ? {} : { collect: () => collect(port) }),
      });
      const port = { inc: (labels: Labels = {}, by = 1) => counter.inc(labels, by) };
      return port;
    },
    gauge: (name, help, labelNames = [], collect) => {
      const gauge = new Gauge({
        name: prefix + name,
        help,
        labelNames: [...labelNames],
        registers,
        ...(collect === undefined ? {} : { collect: () => collect(port) }),
      });
      const port: MetricsGauge = {
        set: (value, labels = {}) => gauge.set(labels, value),
        remove: (labels) => gauge.remove(labels),
      };
      return port;
    },
    histogram: (name, help, labelNames = [], buckets) => {
      const histogram = new Histogram({
        name: prefix + name,
        help,
        labelNames: [...labelNames],
        registers,
        ...(buckets === undefined ? {} : { buckets: [...buckets] }),
      });
      return { observe: (value: number, labels: Labels = {}) => histogram.observe(labels, value) };
    },
  };
}
