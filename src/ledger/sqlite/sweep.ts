import type { Db } from './tables.ts';

interface ManifestKey {
  readonly repository_id: number;
  readonly digest: Buffer;
}

const beginning: ManifestKey = { repository_id: 0, digest: Buffer.alloc(0) };
const end: ManifestKey = { repository_id: Number.MAX_SAFE_INTEGER, digest: Buffer.alloc(0) };

/**
 * Forgets digests that no tag points at, which would pile up for ever. It walks the table by its key, some rows
 * a step: an index by age would begin each step at the old digests that do have a tag, in a quiet registry all
 * of them.
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
   * The next rows at most, those older than `before` (ms since the epoch) forgotten; true at the end of the
   * table, from where the next step begins anew. A step that is rolled back is made up for by the next round.
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
