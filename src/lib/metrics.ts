/** The metrics port. Each folder names what it counts; only `http/metrics.ts` knows Prometheus. */
export type Labels = Readonly<Record<string, string>>;

/** A number that only rises. */
export interface Counter {
  /** Adds `by` (default 1, ≥ 0). */
  inc(labels?: Labels, by?: number): void;
}

/** A number that rises and falls. */
export interface Gauge {
  set(value: number, labels?: Labels): void;
  remove(labels: Labels): void;
}

/** How many values fell into each bucket. */
export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

/** Makes metrics. A name may be used once. */
export interface Metrics {
  /** `name` without the prefix `manifeed_`. Counters end in `_total`, durations in `_seconds`. */
  /** `collect`, if given, runs at each scrape, and adds what was summed elsewhere. */
  counter(
    name: string,
    help: string,
    labelNames?: readonly string[],
    collect?: (counter: Counter) => void,
  ): Counter;
  /** `collect`, if given, runs at each scrape and sets the gauge. */
  gauge(name: string, help: string, labelNames?: readonly string[], collect?: (gauge: Gauge) => void): Gauge;
  histogram(
    name: string,
    help: string,
    labelNames?: readonly string[],
    buckets?: readonly number[],
  ): Histogram;
}

const nothing = { inc() {}, set() {}, remove() {}, observe() {} };

/** Counts nothing. The default of code that takes metrics. */
export const noMetrics: Metrics = {
  counter: () => nothing,
  gauge: () => nothing,
  histogram: () => nothing,
};
