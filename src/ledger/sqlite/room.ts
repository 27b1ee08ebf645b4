import type { Db } from './tables.ts';

// What a commit writes to the write-ahead log at most: measured with 100,000 tags in 2,000 repositories, 60 KiB
// for a lone observation and 17 to 24 KiB for each of a group, page by page in six tables and their indexes.
const probeBytes = 64 * 1024;
const probeBytesPerRow = 24 * 1024;
// A larger probe would itself be what fills the disk.
const maxProbedRows = 1_000;

/**
 * Whether the disk has room for what it refused last. A nearly full disk takes a small webhook, and would have the
 * gateway ready while it refuses the large ones.
 */
export class SqliteRoom {
  readonly #sql;
  /** Observations, or changes where they are more, of the largest commit refused; 0 when room is proven. */
  #refusedRows = 0;

  constructor(db: Db) {
    this.#sql = {
      probe: db.prepare('INSERT INTO probe (id, filler) VALUES (1, zeroblob(?))'),
      unprobe: db.prepare('DELETE FROM probe'),
    };
  }

  /** A commit of so many rows was refused. */
  refused(rows: number): void {
    this.#refusedRows = Math.max(this.#refusedRows, rows);
  }

  /** A commit of so many changes stands. Observations that say nothing new write next to nothing and prove nothing. */
  took(changes: number): void {
    if (changes >= this.#refusedRows) this.#refusedRows = 0;
  }

  /** Writes as much as a small webhook needs or, after a refused commit, as much as that one, and takes it back. */
  probe(): void {
    const rows = Math.min(this.#refusedRows, maxProbedRows);
    this.#sql.probe.run(Math.max(probeBytes, rows * probeBytesPerRow));
    this.#sql.unprobe.run();
  }

  /** The probe stands. */
  proven(): void {
    this.#refusedRows = 0;
  }
}
