/**
 * Brings the file of an earlier version up to date. The tables change at once (tables.ts); then rows move in bounded
 * transactions, each of which leaves a file that goes on from there. A gateway that is killed in the middle goes on at
 * its next start; until the end nothing else reads or writes the file.
 */
import { failpoint } from '../../lib/failpoint.ts';
import { type Db, oldTags, schemaVersion, updateTables, versionOf } from './tables.ts';
import { maxUncrowded } from './tag-counts.ts';

/** Rows that one transaction moves. More at once write fewer pages for each. */
const rowsAtOnce = 5_000;

/** Whether a part of the update is still to be done. */
export function isOutdated(db: Db): boolean {
  return versionOf(db) < schemaVersion || isMigrating(db);
}

function isMigrating(db: Db): boolean {
  return db.prepare<[string]>('SELECT 1 FROM sqlite_schema WHERE name = ?').get(oldTags) !== undefined;
}

/**
 * Updates an older file to the end; does nothing to a current one.
 *
 * @param atOnce rows that one transaction moves; default 5,000
 */
export function migrate(db: Db, atOnce = rowsAtOnce): void {
  updateTables(db);
  if (!isMigrating(db)) return;
  const moveTags = tagMover(db, atOnce);
  const step = db.transaction(() => {
    const isDone = moveTags();
    failpoint('sqlite.in-migration');
    if (isDone) db.exec(`DROP TABLE ${oldTags}`);
    return isDone;
  });
  while (!step.immediate());
}

/** Moves tags from the table of schema 2 into the one with more indexes. A step returns true once none is left. */
function tagMover(db: Db, atOnce: number): () => boolean {
  type Key = { repository_id: number; name: string };
  const moved = `FROM ${oldTags} WHERE (repository_id, name) <= (?, ?)`;
  const columns = `repository_id, name, present, digest, media_type_id, size, as_of, first_seen_at, updated_at,
    sequence, checksum, looked_at, said_at, said_by_id`;
  const last = db.prepare<[number], Key>(
    `SELECT repository_id, name FROM (SELECT repository_id, name FROM ${oldTags} ORDER BY repository_id, name LIMIT ?)
       ORDER BY repository_id DESC, name DESC LIMIT 1`,
  );
  const steps = [
    `UPDATE repository SET tags = repository.tags + moved.tags, names = repository.names + moved.names
       FROM (SELECT repository_id, sum(present) AS tags, count(*) AS names ${moved} GROUP BY repository_id) AS moved
       WHERE repository.id = moved.repository_id`,
    `INSERT INTO tag (${columns}, crowded)
       SELECT ${columns}, (SELECT crowded FROM repository WHERE id = repository_id) ${moved}`,
    // Those that became crowded just now: few rows of theirs were moved before.
    `UPDATE tag SET crowded = 1 WHERE repository_id IN (SELECT id FROM repository
       WHERE names > ${maxUncrowded} AND crowded = 0 AND id IN (SELECT repository_id ${moved}))`,
    `UPDATE repository SET crowded = 1 WHERE names > ${maxUncrowded} AND id IN (SELECT repository_id ${moved})`,
    `DELETE ${moved}`,
  ].map((text) => db.prepare<[number, string]>(text));
  return () => {
    const to = last.get(atOnce);
    if (to === undefined) return true;
    for (const statement of steps) statement.run(to.repository_id, to.name);
    return false;
  };
}
