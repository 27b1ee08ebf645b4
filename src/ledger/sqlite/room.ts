import type { Db } from './tables.ts';

// The most that a commit writes to the write-ahead log, measured with 100,000 tags in 2,000 repositories: 60 KiB for
// a single observation, 17 to 24 KiB for each of a group.
const probeBytes = 64 * 1024;
const probeBytesPerRow = 24 * 1024;
// A larger probe could fill the disk itself.
const maxProbedRows = 1_000;

/** Whether the disk has room for what it last refused: a nearly full one takes small webhooks, not large ones. */
export class SqliteRoom {
  readonly #sql;
  /** Observations, or changes if more, of the largest refused commit; 0 once room is proven. */
  #refusedRows = 0;

  constructor(db: Db) {
    this.#sql = {
      probe: db.prepare('INSERT INTO probe (id, filler) VALUES (1, zeroblob(?))'),
      unprobe: db.prepare('DELETE FROM probe'),
    };
  }

  refused(rows: number): void {
    this.#refusedRows = Math.max(this.#refusedRows, rows);
  }

  /** Call it after a commit. Observations without a change write almost nothing, and prove nothing. */
  took(changes: number): void {
    if (changes >= this.#refusedRows) this.#refusedRows = 0;
  }

  /** Writes as much as a small webhook or as the refused commit needs, and deletes it again. */
  probe(): void {
    const rows = Math.min(this.#refusedRows, maxProbedRows);
    this.#sql.probe.run(Math.max(probeBytes, rows * probeBytesPerRow));
    this.#sql.unprobe.run();
  }

  /** Call it once the probe's transaction succeeded. */
  proven(): void {
    this.#refusedRows = 0;
  }
}
