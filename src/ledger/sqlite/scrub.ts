import type { Bounds } from '../ledger.ts';
import type { SqliteLog } from './log.ts';
import type { SqliteTags } from './tags.ts';

/** Rows read in one step: some 3 ms. */
const rowsAtOnce = 1_000;

/**
 * Reads the whole ledger, some rows a step, only to find damage: nobody may ask for a damaged row for weeks, and then
 * no good backup is left. A read by an index cannot see that a change is missing; this can.
 */
export class SqliteScrub {
  readonly #log: SqliteLog;
  readonly #tags: SqliteTags;
  #after = 0;
  /** Position among the tags; null: still at the changes. */
  #cursor: string | null = null;

  constructor(log: SqliteLog, tags: SqliteTags) {
    this.#log = log;
    this.#tags = tags;
  }

  /** Reads the next rows; true at the end, then it starts over. @throws ChangesLost, RecordDamaged */
  step(bounds: Bounds): boolean {
    if (this.#cursor !== null) return this.#stepTags(this.#cursor);
    const page = this.#log.page(Math.max(this.#after, bounds.floor), rowsAtOnce, bounds);
    this.#after = page.next;
    return page.atHead ? this.#stepTags('') : false;
  }

  #stepTags(cursor: string): boolean {
    const page = this.#tags.page({ limit: rowsAtOnce, ...(cursor === '' ? {} : { cursor }) });
    this.#cursor = page.cursor;
    if (page.cursor !== null) return false;
    this.#after = 0;
    return true;
  }
}
