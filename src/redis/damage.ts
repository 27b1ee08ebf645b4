import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';

/** What was found in Redis, or came from it, that the ledger did not put there. */
export type DamageKind = 'message' | 'change' | 'tag' | 'pending' | 'schedule' | 'presence';

/** One line a minute of each kind; what came between is counted in the next one. */
const logEveryMs = 60_000;
const maxLogged = 100;

/** Counts and logs what Redis gave that no gateway stored. It is never served. */
export class RedisDamage {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #count: (kind: DamageKind) => void;
  readonly #logged = new Map<DamageKind, { readonly at: number; suppressed: number }>();

  constructor({ log, clock, metrics }: { log: Log; clock: Clock; metrics: Metrics }) {
    const counter = metrics.counter(
      'ledger_redis_damaged_total',
      'Messages and records of Redis that no gateway stored so, and that were not used',
      ['kind'],
    );
    this.#log = log;
    this.#clock = clock;
    this.#count = (kind) => counter.inc({ kind });
  }

  /** @param what where it was found, or its beginning; from a stranger, so it is cut */
  found(kind: DamageKind, what: string): void {
    this.#count(kind);
    const now = this.#clock.monotonic();
    const last = this.#logged.get(kind);
    if (last !== undefined && now - last.at < logEveryMs) {
      last.suppressed += 1;
      return;
    }
    this.#logged.set(kind, { at: now, suppressed: 0 });
    const fields = { kind, found: what.slice(0, maxLogged), suppressed: last?.suppressed ?? 0 };
    this.#log.error(fields, 'read from Redis: not what a gateway stored: it is not used');
  }
}
