import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { Ledger } from './ledger.ts';

type ClockWatchOptions = Readonly<{ ledger: Ledger; clock: Clock; metrics: Metrics; log: Log }>;

/** A clock that lags by less is not reported, ms: the clocks of gateways and Redis rarely agree better. */
const toleratedBehindMs = 5_000;

/** Finds a clock that is behind `recordedAt` of the newest change, which never falls. */
export class ClockWatch {
  readonly #options: ClockWatchOptions;
  readonly #stop: () => void;
  #newestAt = 0;
  #isLogged = false;

  private constructor(options: ClockWatchOptions) {
    this.#options = options;
    this.#stop = options.ledger.tail((event) => {
      const newest = event.kind === 'changes' ? event.changes.at(-1) : undefined;
      if (newest !== undefined) this.#saw(newest.recordedAt);
    });
    options.metrics.gauge(
      'ledger_clock_behind_seconds',
      'By how much the clock is behind the newest change; 0 where it is not',
      [],
      (gauge) => gauge.set(this.behindMs / 1_000),
    );
    options.metrics.gauge(
      'last_change_timestamp_seconds',
      'When the newest change was recorded; 0 if there never was one',
      [],
      (gauge) => gauge.set(this.#newestAt / 1_000),
    );
  }

  static async open(options: ClockWatchOptions): Promise<ClockWatch> {
    const watch = new ClockWatch(options);
    watch.#saw(await newestAt(options.ledger));
    return watch;
  }

  /** The latest time that `since` may name, ms since the epoch. */
  latest(): number {
    return Math.max(this.#options.clock.now(), this.#newestAt);
  }

  /** When the newest change was recorded, ms since the epoch; null: there never was one, or it cannot be read. */
  get newestAt(): number | null {
    return this.#newestAt === 0 ? null : this.#newestAt;
  }

  /** By how much the clock is behind the newest change, ms; 0: it is not. */
  get behindMs(): number {
    return Math.max(0, this.#newestAt - this.#options.clock.now());
  }

  /** Idempotent. */
  stop(): void {
    this.#stop();
  }

  #saw(recordedAt: number): void {
    this.#newestAt = Math.max(this.#newestAt, recordedAt);
    const { behindMs } = this;
    if (behindMs === 0) this.#isLogged = false;
    if (behindMs <= toleratedBehindMs || this.#isLogged) return;
    this.#isLogged = true;
    this.#options.log.warn(
      { behindMs, newestChange: new Date(this.#newestAt).toISOString() },
      'the clock is behind the newest change: changes keep its time until the clock has caught up; check NTP',
    );
  }
}

/** 0 if there is no change, or it cannot be read: reads report why. */
async function newestAt(ledger: Ledger): Promise<number> {
  try {
    const { floor, head } = await ledger.bounds();
    if (head === floor) return 0;
    return (await ledger.read(head - 1, 1)).changes[0]?.recordedAt ?? 0;
  } catch {
    return 0;
  }
}
