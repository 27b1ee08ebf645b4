import type { Deferred, PendingObservation } from '../../event/observation.ts';
import { encodePending, readPending } from '../pending-codec.ts';
import type { Db } from './tables.ts';

/** Tags that wait for a digest, in SQLite. Their ids are never reused. */
export class SqlitePending {
  readonly #sql;

  constructor(db: Db) {
    this.#sql = {
      count: db.prepare<[], number>('SELECT count(*) FROM pending').pluck(),
      has: db.prepare<[number]>('SELECT 1 FROM pending WHERE id = ?'),
      add: db.prepare<[string]>('INSERT INTO pending (observation, leased_until) VALUES (?, 0)'),
      free: db.prepare<[number, number], { id: number; observation: string }>(
        'SELECT id, observation FROM pending WHERE leased_until <= ? ORDER BY id LIMIT ?',
      ),
      lease: db.prepare<[number, number]>('UPDATE pending SET leased_until = ? WHERE id = ?'),
      remove: db.prepare<[number]>('DELETE FROM pending WHERE id = ?'),
    };
  }

  count(): number {
    return this.#sql.count.get() ?? 0;
  }

  has(id: string): boolean {
    return this.#sql.has.get(Number(id)) !== undefined;
  }

  /** @param keptAt the ledger's stamp, ms */
  add(observation: Deferred, keptAt: number): PendingObservation {
    const kept = { ...observation, dedupeKey: null, keptAt };
    return { id: String(this.#sql.add.run(encodePending(kept)).lastInsertRowid), observation: kept };
  }

  /**
   * @param now the ledger's stamp, ms
   * @returns also how many unreadable ones were removed: they would fail at each claim
   */
  claim(limit: number, now: number, leaseMs: number) {
    const pending: PendingObservation[] = [];
    let damaged = 0;
    for (const { id, observation } of this.#sql.free.all(now, limit)) {
      const decoded = readPending(observation);
      if (decoded === null) {
        damaged += 1;
        this.#sql.remove.run(id);
        continue;
      }
      this.#sql.lease.run(now + leaseMs, id);
      pending.push({ id: String(id), observation: decoded });
    }
    return { pending, damaged };
  }

  remove(id: string): void {
    this.#sql.remove.run(Number(id));
  }
}
