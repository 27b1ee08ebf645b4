import type { Counter, Histogram, Metrics } from '../lib/metrics.ts';
import { takeCensus } from './census.ts';
import type { ChangeQueue } from './queue.ts';
import type { Encoding } from './sink.ts';
import { StreamMetrics } from './stream-metrics.ts';
import type { SubscriberTable } from './subscriber.ts';

interface Watched {
  readonly table: SubscriberTable;
  readonly queue: ChangeQueue;
}

/** Seconds: from one turn of the event loop to the longest window of the pace. */
const delayBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
];

/** What the hub counts. Deliveries are summed here and reported at a scrape, because they are the hottest path. */
export class HubMetrics {
  readonly resets: Counter;
  readonly superseded: Counter;
  readonly overruns: Counter;
  readonly unwritable: Counter;
  readonly streams: StreamMetrics;
  readonly #delay: Histogram;
  readonly #sums = new Map<Encoding, { deliveries: number; bytes: number }>();
  /** Deliveries that a scrape has taken out of the sums. */
  #scraped = 0;

  constructor(metrics: Metrics, hub: Watched) {
    this.streams = new StreamMetrics(metrics);
    this.resets = metrics.counter('resets_total', 'Resets told to subscribers', ['reason']);
    this.superseded = metrics.counter(
      'superseded_total',
      'Held-back changes replaced by a newer one of their tag',
    );
    this.overruns = metrics.counter(
      'fanout_overruns_total',
      'Times that fan-out or pace could not keep up, and subscribers read from the ledger',
    );
    this.unwritable = metrics.counter(
      'unwritable_changes_total',
      'Changes with a value that cannot be written, such as a time after the year 9999: delivered to nobody',
    );
    this.#delay = metrics.histogram(
      'delivery_delay_seconds',
      'Time from when the gateway heard of a change until its last live subscriber had it',
      ['held'],
      delayBuckets,
    );
    metrics.counter('deliveries_total', 'Changes delivered to subscribers', ['transport'], (counter) => {
      for (const [{ transport }, sum] of this.#sums) {
        counter.inc({ transport }, sum.deliveries);
        this.#scraped += sum.deliveries;
        sum.deliveries = 0;
      }
    });
    metrics.counter('delivered_bytes_total', 'Bytes of changes delivered', ['transport'], (counter) => {
      for (const [{ transport }, sum] of this.#sums) {
        counter.inc({ transport }, sum.bytes);
        sum.bytes = 0;
      }
    });
    const census = () => takeCensus(hub.table, hub.queue);
    metrics.gauge('subscribers', 'Subscribers connected', ['transport'], (gauge) => {
      for (const [transport, count] of census().byTransport) gauge.set(count, { transport });
    });
    metrics.gauge('subscribers_behind', 'Subscribers that are being fed from the ledger', [], (gauge) =>
      gauge.set(census().behind),
    );
    metrics.gauge('lag_positions', 'Positions that the slowest subscriber is behind the head', [], (gauge) =>
      gauge.set(census().lag),
    );
  }

  /** Changes delivered to subscribers since the start. */
  get deliveries(): number {
    return this.#sums.values().reduce((sum, { deliveries }) => sum + deliveries, this.#scraped);
  }

  delivered(encoding: Encoding, bytes: number): void {
    let sum = this.#sums.get(encoding);
    if (sum === undefined) {
      sum = { deliveries: 0, bytes: 0 };
      this.#sums.set(encoding, sum);
    }
    sum.deliveries++;
    sum.bytes += bytes;
  }

  /** The last live subscriber has a change. Once for each change. @param held whether the pace held it back */
  reachedAll(delayMs: number, held: boolean): void {
    this.#delay.observe(delayMs / 1_000, { held: String(held) });
  }
}
