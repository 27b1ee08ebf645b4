import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import { RareLog } from '../lib/rare-log.ts';

/** Data in Redis, or received from it, that no gateway wrote. */
type DamageKind = 'message' | 'change' | 'tag' | 'digest' | 'pending' | 'schedule' | 'presence';

/** Characters of a finding that are logged. */
const maxLogged = 100;

/** Counts and logs data that no gateway wrote. It is never served. */
export class RedisDamage {
  readonly #log: RareLog;
  readonly #count: (kind: DamageKind) => void;

  constructor({ log, clock, metrics }: { log: Log; clock: Clock; metrics: Metrics }) {
    const counter = metrics.counter(
      'ledger_redis_damaged_total',
      'Messages and records of Redis that no gateway stored so, and that were not used',
      ['kind'],
    );
    this.#log = new RareLog(log, clock);
    this.#count = (kind) => counter.inc({ kind });
  }

  /** @param what where it was found, or its beginning; untrusted, so it is cut */
  found(kind: DamageKind, what: string): void {
    this.#count(kind);
    const fields = { kind, found: what.slice(0, maxLogged) };
    this.#log.error(kind, fields, 'read from Redis: not what a gateway stored: it is not used');
  }
}
