import type { ErrorCode } from '../errors.ts';
import { Counts } from '../lib/counts.ts';
import type { Metrics } from '../lib/metrics.ts';
import { type Encoding, transports } from './sink.ts';

/** Why a stream ended: an error's code if the gateway ended it. `silent`: its heartbeats were not answered. */
export type EndReason = ErrorCode | 'client' | 'silent' | 'answered';

/** Counts streams that begin and end. Summed here and reported at a scrape: thousands may reconnect in a second. */
export class StreamMetrics {
  readonly #opened = new Map<Encoding, { fresh: number; resumed: number }>();
  readonly #ended = new Counts<EndReason>();

  constructor(metrics: Metrics) {
    const opens = metrics.counter(
      'stream_opens_total',
      'Streams that began, at their first subscription',
      ['transport', 'resumed'],
      (counter) => {
        for (const [{ transport }, opened] of this.#opened) {
          counter.inc({ transport, resumed: 'false' }, opened.fresh);
          counter.inc({ transport, resumed: 'true' }, opened.resumed);
        }
        this.#opened.clear();
      },
    );
    // Rates need a beginning.
    for (const transport of transports)
      for (const resumed of ['false', 'true']) opens.inc({ transport, resumed }, 0);
    metrics.counter('stream_ends_total', 'Streams that ended', ['reason'], (counter) => {
      for (const [reason, count] of this.#ended) counter.inc({ reason }, count);
      this.#ended.clear();
    });
  }

  /** @param resumed whether its client sent a position */
  opened(encoding: Encoding, resumed: boolean): void {
    let sum = this.#opened.get(encoding);
    if (sum === undefined) {
      sum = { fresh: 0, resumed: 0 };
      this.#opened.set(encoding, sum);
    }
    if (resumed) sum.resumed++;
    else sum.fresh++;
  }

  ended(reason: EndReason): void {
    this.#ended.add(reason);
  }
}
