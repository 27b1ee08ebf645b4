import { Counts } from '../lib/counts.ts';
import type { Counter, Metrics } from '../lib/metrics.ts';
import type { ChangeQueue } from './queue.ts';
import type { Encoding } from './sink.ts';
import type { SubscriberTable } from './subscriber.ts';

interface Watched {
  readonly table: SubscriberTable;
  readonly queue: ChangeQueue;
}

/** What the hub counts. Deliveries are summed here and reported at a scrape, because they are the hottest path. */
export class HubMetrics {
  readonly resets: Counter;
  readonly superseded: Counter;
  readonly overruns: Counter;
  readonly unwritable: Counter;
  readonly #sums = new Map<Encoding, { deliveries: number; bytes: number }>();

  constructor(metrics: Metrics, hub: Watched) {
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
    const deliveries = metrics.counter('deliveries_total', 'Changes delivered to subscribers', ['transport']);
    const bytes = metrics.counter('delivered_bytes_total', 'Bytes of changes delivered', ['transport']);
    metrics.gauge('subscribers', 'Subscribers connected', ['transport'], (gauge) => {
      for (const [transport, count] of countByTransport(hub.table)) gauge.set(count, { transport });
      for (const [encoding, sum] of this.#sums) {
        deliveries.inc({ transport: encoding.transport }, sum.deliveries);
        bytes.inc({ transport: encoding.transport }, sum.bytes);
        sum.deliveries = 0;
        sum.bytes = 0;
      }
    });
    metrics.gauge('subscribers_behind', 'Subscribers that are being fed from the ledger', [], (gauge) =>
      gauge.set([...hub.table].filter((subscriber) => subscriber.state === 'behind').length),
    );
    metrics.gauge('lag_positions', 'Positions that the slowest subscriber is behind the head', [], (gauge) =>
      gauge.set(slowest(hub)),
    );
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
}

function countByTransport(table: SubscriberTable): Counts<string> {
  const counts = new Counts([
    ['sse', 0],
    ['websocket', 0],
    ['long-poll', 0],
  ]);
  for (const { sink } of table) counts.add(sink.encoding.transport);
  return counts;
}

function slowest(hub: Watched): number {
  let lag = 0;
  for (const subscriber of hub.table) {
    if (subscriber.state === 'behind' && subscriber.subscriptions.length > 0) {
      lag = Math.max(lag, hub.queue.head - subscriber.cursor);
    }
  }
  return lag;
}
