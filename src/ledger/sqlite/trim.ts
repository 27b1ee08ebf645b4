import { failpoint } from '../../lib/failpoint.ts';
import type { SqliteLog } from './log.ts';
import { SqliteSweep } from './sweep.ts';
import type { Db } from './tables.ts';
import type { Standing } from './verdict.ts';

export interface TrimStep {
  readonly target: number;
  /** Rows of the index stamped before this are dropped, ms; null: none. */
  readonly stampedBefore: number | null;
  /** Maximum rows of each kind. */
  readonly atOnce: number;
}

/** Drops what retention no longer keeps, in bounded steps within the caller's transaction. */
export class SqliteTrim {
  readonly #log: SqliteLog;
  readonly #sweep: SqliteSweep;
  readonly #statements;

  constructor(db: Db, log: SqliteLog) {
    this.#log = log;
    this.#sweep = new SqliteSweep(db);
    this.#statements = [
      `DELETE FROM tag WHERE (repository_id, name) IN
         (SELECT repository_id, name FROM tag WHERE present = 0 AND as_of < ? LIMIT ?)`,
      `DELETE FROM manifest WHERE (repository_id, digest) IN
         (SELECT repository_id, digest FROM manifest WHERE present = 0 AND as_of < ? LIMIT ?)`,
      'DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE at < ? LIMIT ?)',
    ].map((text) => db.prepare<[number, number]>(text));
  }

  /** Returns the floor reached, and whether nothing is left to drop. */
  step({ floor, head }: Standing, { target, stampedBefore, atOnce }: TrimStep) {
    // Changes may remain below the floor: a loss raises it without deleting them, which could take long.
    const first = this.#log.first() ?? head;
    const dropped = Math.min(target, Math.min(first - 1, floor) + atOnce);
    this.#log.drop(dropped);
    failpoint('sqlite.in-trim');
    const isLogDone = dropped === target;
    const done = stampedBefore === null ? isLogDone : this.#dropStamped(stampedBefore, atOnce, isLogDone);
    return { floor: Math.max(floor, dropped), done };
  }

  #dropStamped(before: number, atOnce: number, isLogDone: boolean): boolean {
    const counts = this.#statements.map((statement) => statement.run(before, atOnce).changes);
    // Last, and once a trim: it reads every digest.
    return isLogDone && counts.every((count) => count < atOnce) && this.#sweep.step(before, atOnce);
  }
}
