import type { Bounds } from '../ledger.ts';
import type { TagPlace } from '../queries.ts';
import type { SqliteLog } from './log.ts';
import type { NamePages } from './queries/name-pages.ts';

/** Rows read in one step: some 3 ms. */
const rowsAtOnce = 1_000;

/**
 * Reads the whole ledger, some rows a step, only to find damage: nobody may ask for a damaged row for weeks, and then
 * no good backup is left. A read by an index cannot see that a change is missing; this can.
 */
export class SqliteScrub {
  readonly #log: SqliteLog;
  readonly #pages: NamePages;
  #after = 0;
  /** Where the tags were left; null: not begun. */
  #place: TagPlace | null = null;

  constructor(log: SqliteLog, pages: NamePages) {
    this.#log = log;
    this.#pages = pages;
  }

  /** Reads the next rows; true at the end, then it starts over. @throws ChangesLost, RecordDamaged */
  step(bounds: Bounds): boolean {
    if (this.#place !== null) return this.#stepTags({ after: this.#place });
    const page = this.#log.page(Math.max(this.#after, bounds.floor), rowsAtOnce, bounds);
    this.#after = page.next;
    return page.atHead ? this.#stepTags({}) : false;
  }

  #stepTags(from: { readonly after?: TagPlace }): boolean {
    this.#place = this.#pages.page({ limit: rowsAtOnce, ...from }).next;
    if (this.#place !== null) return false;
    this.#after = 0;
    return true;
  }
}
