import { type ManifeedError, unavailable } from '../../errors.ts';
import { failpoint } from '../../lib/failpoint.ts';
import type { SqliteClock } from './clock.ts';
import type { SqliteHealth } from './health.ts';
import type { SqliteNames } from './names.ts';
import { readStanding, type SqliteFile } from './schema.ts';
import type { Standing } from './verdict.ts';

/** Runs all writes: one transaction at a time, into the file that was opened, while nobody else writes to it. */
export class SqliteTransactions {
  readonly #file: SqliteFile;
  readonly #health: SqliteHealth;
  readonly #names: SqliteNames;
  readonly #clock: SqliteClock;
  readonly #sql;
  /** Within a transaction: its result so far. Otherwise: as in the file. */
  standing: Standing;

  /** @throws UNAVAILABLE if the file has no standing */
  constructor(file: SqliteFile, health: SqliteHealth, names: SqliteNames, clock: SqliteClock) {
    this.#clock = clock;
    this.#file = file;
    this.#health = health;
    this.#names = names;
    this.#sql = {
      standing: file.db.prepare<[], Standing>(
        'SELECT epoch, head, floor, recorded_at AS recordedAt FROM meta',
      ),
      // Prepared: compiling them each time would cost a tenth of a single commit.
      begin: file.db.prepare('BEGIN IMMEDIATE'),
      commit: file.db.prepare('COMMIT'),
      putStanding: file.db.prepare(
        `UPDATE meta SET head = ?, floor = ?, recorded_at = ?, stamped_at = ?, skew_ms = ?, stepped_at = ?
           WHERE epoch = ? AND head = ?`,
      ),
    };
    this.standing = readStanding(file.db);
  }

  /**
   * Runs `work` and commits it with the new standing. After a failure everything is as before.
   *
   * @throws UNAVAILABLE if the disk or another program is at fault
   */
  run<T>(action: string, work: () => T): T {
    const { db } = this.#file;
    const before = this.standing;
    this.#health.assertWhole(action);
    let result: T;
    try {
      this.#sql.begin.run();
      this.#assertAlone(action);
      result = work();
      const isNoted = this.standing !== before || this.#clock.isToNote();
      if (isNoted) this.#putStanding(before, action);
      failpoint('sqlite.before-commit');
      // Last, so that a file can vanish unseen only during the fsync itself.
      this.#file.place.assertHeld(action);
      this.#sql.commit.run();
      if (isNoted) this.#clock.noted();
    } catch (error) {
      this.standing = before;
      this.#names.forget();
      // A full disk or an I/O error has rolled back already (SQLite, "Response To Errors Within A Transaction").
      if (db.inTransaction) db.exec('ROLLBACK');
      throw this.#explain(action, error);
    }
    failpoint('sqlite.after-commit');
    this.#settle(before);
    failpoint('sqlite.before-answer');
    return result;
  }

  /** An overwritten file also looks damaged when it is read; "overwritten" tells the operator more. */
  #explain(action: string, error: unknown): unknown {
    try {
      this.#file.place.assertHeld(action);
    } catch (displaced) {
      return displaced;
    }
    return this.#health.refuse(action, error);
  }

  /** Runs after a commit, which stays valid even if this fails. */
  #settle(before?: Standing): void {
    try {
      this.#file.place.remember();
    } catch {
      // The disk cannot be read: the next `assertHeld` refuses.
    }
    if (this.standing !== before) this.#file.mark.write(this.standing.epoch, this.standing.head);
  }

  /** If another program wrote here, numbers would be given out twice. */
  #assertAlone(action: string): void {
    const { epoch, head, floor } = this.standing;
    const now = this.#sql.standing.get();
    if (now?.epoch !== epoch || now.head !== head || now.floor !== floor) throw notAlone(action);
  }

  #putStanding(before: Standing, action: string): void {
    const { head, floor, recordedAt } = this.standing;
    const { stampedAt, skewMs, steppedAt } = this.#clock.value;
    const values = [head, floor, recordedAt, stampedAt, skewMs, steppedAt];
    const { changes } = this.#sql.putStanding.run(...values, before.epoch, before.head);
    if (changes !== 1) throw notAlone(action);
  }

  /** After an import, which replaces everything. */
  reload(): void {
    this.standing = readStanding(this.#file.db);
    this.#settle();
  }
}

function notAlone(action: string): ManifeedError {
  return unavailable(
    `${action}: another program wrote to the ledger: only one gateway may write: stop the other, and restart this one`,
  );
}
