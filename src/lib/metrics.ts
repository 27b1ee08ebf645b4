/** The metrics port. Folders name what they count; only `http/metrics.ts` knows Prometheus. */
export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  /** Adds `by` (default 1, ≥ 0). */
  inc(labels?: Labels, by?: number): void;
}

export interface Gauge {
  set(value: number, labels?: Labels): void;
  /** Forgets one labelled series, for things that come and go. */
  remove(labels: Labels): void;
}

export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

export interface Metrics {
  /** `name` without prefix; `manifeed_` is put before it. Counters end in `_total`, durations in `_seconds`. */
  counter(name: string, help: string, labelNames?: readonly string[]): Counter;
  /** `collect`, when given, runs at each scrape and sets the gauge. */
  gauge(name: string, help: string, labelNames?: readonly string[], collect?: (gauge: Gauge) => void): Gauge;
  histogram(
    name: string,
    help: string,
    labelNames?: readonly string[],
    buckets?: readonly number[],
  ): Histogram;
}

const nothing = { inc() {}, set() {}, remove() {}, observe() {} };

/** Counts nothing: the default where nobody looks. */
export const noMetrics: Metrics = {
  counter: () => nothing,
  gauge: () => nothing,
  histogram: () => nothing,
};
