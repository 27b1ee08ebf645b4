import { failpoint } from '../../lib/failpoint.ts';
import { untagged } from './index-rows.ts';
import type { SqliteLog } from './log.ts';
import type { Db } from './tables.ts';
import type { Standing } from './verdict.ts';

/** `stampedBefore`: older rows of the index go, ms; null: none. `atOnce`: maximum rows of each kind. */
type TrimStep = Readonly<{ target: number; stampedBefore: number | null; atOnce: number }>;

interface ManifestKey {
  readonly repository_id: number;
  readonly digest: Buffer;
}

const beginning: ManifestKey = { repository_id: 0, digest: Buffer.alloc(0) };
const end: ManifestKey = { repository_id: Number.MAX_SAFE_INTEGER, digest: Buffer.alloc(0) };

/** Drops what retention no longer keeps, in bounded steps within the caller's transaction. */
export class SqliteTrim {
  readonly #log: SqliteLog;
  readonly #statements;
  readonly #forgetTags;
  readonly #sweepSql;
  #sweptTo = beginning;

  constructor(db: Db, log: SqliteLog) {
    this.#log = log;
    this.#statements = [
      `DELETE FROM manifest WHERE (repository_id, digest) IN
         (SELECT repository_id, digest FROM manifest WHERE present = 0 AND as_of < ? LIMIT ?)`,
      'DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE at < ? LIMIT ?)',
      `UPDATE repository SET whole_at = NULL, read_at = NULL WHERE id IN
         (SELECT id FROM repository WHERE read_at < ? LIMIT ?)`,
    ].map((text) => db.prepare<[number, number]>(text));
    // The row leads to the tag's changes (`previous`), as long as they are kept.
    this.#forgetTags = db.prepare(
      `DELETE FROM tag WHERE (repository_id, name) IN
         (SELECT repository_id, name FROM tag WHERE present = 0 AND as_of < ? AND sequence <= ? LIMIT ?)`,
    );
    this.#sweepSql = {
      last: db.prepare<[number, Buffer, number], ManifestKey>(
        `SELECT repository_id, digest FROM manifest WHERE (repository_id, digest) > (?, ?)
           ORDER BY repository_id, digest LIMIT 1 OFFSET ?`,
      ),
      forget: db.prepare(
        `DELETE FROM manifest WHERE (repository_id, digest) > (?, ?) AND (repository_id, digest) <= (?, ?)
           AND as_of < ? AND ${untagged}`,
      ),
    };
  }

  /** Returns the floor reached, and whether nothing is left to drop. */
  step({ floor, head }: Standing, { target, stampedBefore, atOnce }: TrimStep) {
    // Changes may remain below the floor: a loss raises it without deleting them, which could take long.
    const first = this.#log.first() ?? head;
    const dropped = Math.min(target, Math.min(first - 1, floor) + atOnce);
    this.#log.drop(dropped);
    failpoint('sqlite.in-trim');
    const isLogDone = dropped === target;
    const reached = Math.max(floor, dropped);
    if (stampedBefore === null) return { floor: reached, done: isLogDone };
    const forgotten = this.#forgetTags.run(stampedBefore, reached, atOnce).changes;
    const isIndexDone = this.#dropStamped(stampedBefore, atOnce, isLogDone && forgotten < atOnce);
    return { floor: reached, done: isIndexDone };
  }

  #dropStamped(before: number, atOnce: number, isRestDone: boolean): boolean {
    const counts = this.#statements.map((statement) => statement.run(before, atOnce).changes);
    // Last, and once a trim: it reads every digest.
    return isRestDone && counts.every((count) => count < atOnce) && this.#sweep(before, atOnce);
  }

  /**
   * Forgets digests that no tag points at, and that were stamped before `before`, ms. It walks the table by its key, at
   * most `rows` rows a step. An index by age would start each step at the old digests that do have a tag: in a quiet
   * registry all of them.
   *
   * @returns true at the end of the table; the next step then starts over, and makes up for one that was rolled back
   */
  #sweep(before: number, rows: number): boolean {
    const from = this.#sweptTo;
    const last = this.#sweepSql.last.get(from.repository_id, from.digest, rows - 1);
    const to = last ?? end;
    this.#sweepSql.forget.run(from.repository_id, from.digest, to.repository_id, to.digest, before);
    this.#sweptTo = last ?? beginning;
    return last === undefined;
  }
}
