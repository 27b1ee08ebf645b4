import type { Db } from './tables.ts';

interface ManifestKey {
  readonly repository_id: number;
  readonly digest: Buffer;
}

const beginning: ManifestKey = { repository_id: 0, digest: Buffer.alloc(0) };
const end: ManifestKey = { repository_id: Number.MAX_SAFE_INTEGER, digest: Buffer.alloc(0) };

/**
 * Forgets digests that no tag points at. It walks the table by its key, some rows a step. An index by age would start
 * each step at the old digests that do have a tag: in a quiet registry all of them.
 */
export class SqliteSweep {
  readonly #sql;
  #after = beginning;

  constructor(db: Db) {
    this.#sql = {
      last: db.prepare<[number, Buffer, number], ManifestKey>(
        `SELECT repository_id, digest FROM manifest WHERE (repository_id, digest) > (?, ?)
           ORDER BY repository_id, digest LIMIT 1 OFFSET ?`,
      ),
      forget: db.prepare(
        `DELETE FROM manifest WHERE (repository_id, digest) > (?, ?) AND (repository_id, digest) <= (?, ?)
           AND as_of < ? AND NOT EXISTS (SELECT 1 FROM tag
             WHERE tag.repository_id = manifest.repository_id AND tag.digest = manifest.digest AND tag.present = 1)`,
      ),
    };
  }

  /**
   * Visits at most `rows` rows, and forgets untagged ones stamped before `before`, ms. True at the end of the table;
   * the next step then starts over. The next round makes up for a step that was rolled back.
   */
  step(before: number, rows: number): boolean {
    const from = this.#after;
    const last = this.#sql.last.get(from.repository_id, from.digest, rows - 1);
    const to = last ?? end;
    this.#sql.forget.run(from.repository_id, from.digest, to.repository_id, to.digest, before);
    this.#after = last ?? beginning;
    return last === undefined;
  }
}
