import type { Clock } from '../lib/clock.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { Bounds, Ledger } from './ledger.ts';
import type { Storage } from './storage.ts';

/** How far a ledger reaches. */
export interface Extent extends Storage {
  readonly bounds: Bounds;
  /** When the oldest change kept was recorded, ms since the epoch; null: none is kept. */
  readonly oldestAt: number | null;
}

interface LedgerExtentOptions {
  readonly ledger: Pick<Ledger, 'bounds' | 'read' | 'storage'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** The metrics say what was found last: a scrape does not wait for a ledger. */
const lookIntervalMs = 30_000;

/** Looks regularly at how far the ledger reaches and what it takes. */
export class LedgerExtent {
  readonly #options: LedgerExtentOptions;
  #last: Extent | null = null;
  #stopped = false;
  #cancel = () => {};

  constructor(options: LedgerExtentOptions) {
    this.#options = options;
    const { metrics } = options;
    metrics.gauge(
      'ledger_oldest_timestamp_seconds',
      'When the oldest change kept was recorded; absent while none is kept',
      [],
      (gauge) => show(gauge, secondsOf(this.#last?.oldestAt)),
    );
    metrics.gauge(
      'ledger_bytes',
      'What the ledger takes; with Redis, what Redis uses in all; absent where it is not known',
      [],
      (gauge) => show(gauge, this.#last?.bytes),
    );
    metrics.gauge(
      'ledger_free_bytes',
      'What the ledger may still take; absent where it is not known',
      [],
      (gauge) => show(gauge, this.#last?.freeBytes),
    );
    this.#turn();
  }

  /** @throws UNAVAILABLE if the ledger cannot be asked now */
  async look(): Promise<Extent> {
    const { ledger } = this.#options;
    const [bounds, storage] = await Promise.all([ledger.bounds(), ledger.storage()]);
    const last = { ...storage, bounds, oldestAt: await this.#oldest(bounds) };
    this.#last = last;
    return last;
  }

  /** Idempotent. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #turn(): void {
    this.look()
      // What uses the ledger reports why; here the last numbers stay.
      .catch(() => {})
      .finally(() => {
        if (!this.#stopped) this.#cancel = this.#options.clock.after(lookIntervalMs, () => this.#turn());
      });
  }

  async #oldest({ floor, head }: Bounds): Promise<number | null> {
    if (head === floor) return null;
    const { changes } = await this.#options.ledger.read(floor, 1);
    return changes[0]?.recordedAt ?? null;
  }
}

function secondsOf(ms: number | null | undefined): number | null {
  return ms === null || ms === undefined ? null : ms / 1_000;
}

function show(
  gauge: { set(value: number): void; remove(labels: object): void },
  value: number | null | undefined,
): void {
  if (value === null || value === undefined) gauge.remove({});
  else gauge.set(value);
}
