/**
 * The tables of a ledger's file, their version, and how an older file is updated.
 *
 * Rows are compact, because five million of them are ordinary: repositories, media types and origins are interned,
 * digests are bytes. The change table's key is the sequence, which is dense, and `recorded_at` never falls along it:
 * a seek by time is a binary search by key and needs no index.
 */
import type { Database } from 'better-sqlite3';

/** A connection to the file. */
export type Db = Database;

/** "MFED": marks a SQLite file as a Manifeed ledger (SQLite, "PRAGMA application_id"). */
export const applicationId = 0x4d464544;

/**
 * The version of these tables (SQLite, "PRAGMA user_version"). A released version never changes. New tables need a
 * new number, a step in `steps`, and a file of the previous version in test/fixtures/ledger.
 *
 * 1: the first. 2: checksums; the ledger's clock, and when and by whom a row was believed (weigh.ts).
 */
export const schemaVersion = 2;

const tables = `
CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  epoch TEXT NOT NULL,
  head INTEGER NOT NULL,
  floor INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  stamped_at INTEGER NOT NULL DEFAULT 0,
  skew_ms INTEGER NOT NULL DEFAULT 0,
  stepped_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE repository (
  id INTEGER PRIMARY KEY,
  registry TEXT NOT NULL,
  name TEXT NOT NULL,
  UNIQUE (registry, name)
) STRICT;
CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE change (
  sequence INTEGER PRIMARY KEY,
  type INTEGER NOT NULL,
  repository_id INTEGER NOT NULL,
  tag TEXT,
  digest BLOB,
  previous_digest BLOB,
  media_type_id INTEGER,
  size INTEGER,
  occurred_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  origin_id INTEGER NOT NULL,
  checksum INTEGER
) STRICT;
CREATE INDEX change_by_repository ON change (repository_id);
CREATE TABLE tag (
  repository_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  present INTEGER NOT NULL,
  digest BLOB,
  media_type_id INTEGER,
  size INTEGER,
  as_of INTEGER NOT NULL,
  first_seen_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  checksum INTEGER,
  looked_at INTEGER,
  said_at INTEGER,
  said_by_id INTEGER,
  PRIMARY KEY (repository_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_by_digest ON tag (repository_id, digest) WHERE present = 1;
CREATE INDEX tag_gone ON tag (as_of) WHERE present = 0;
CREATE TABLE manifest (
  repository_id INTEGER NOT NULL,
  digest BLOB NOT NULL,
  present INTEGER NOT NULL,
  as_of INTEGER NOT NULL,
  said_at INTEGER,
  said_by_id INTEGER,
  PRIMARY KEY (repository_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX manifest_gone ON manifest (as_of) WHERE present = 0;
CREATE TABLE baseline (
  id INTEGER PRIMARY KEY,
  repository_id INTEGER NOT NULL,
  scope TEXT NOT NULL,
  UNIQUE (repository_id, scope)
) STRICT;
CREATE TABLE delivery (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, at INTEGER NOT NULL) STRICT;
CREATE INDEX delivery_by_age ON delivery (at);
CREATE TABLE pending (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  observation TEXT NOT NULL,
  leased_until INTEGER NOT NULL
) STRICT;
CREATE TABLE probe (id INTEGER PRIMARY KEY, filler BLOB NOT NULL) STRICT;
`;

/**
 * The step from each version to the next, at index `version - 1`. A step must not rewrite the large tables: a gateway
 * with five million changes would stand still at its first start. So new columns come last, and may be null in older
 * rows.
 */
const steps: readonly string[] = [
  `
ALTER TABLE change ADD COLUMN checksum INTEGER;
ALTER TABLE tag ADD COLUMN checksum INTEGER;
ALTER TABLE tag ADD COLUMN looked_at INTEGER;
ALTER TABLE tag ADD COLUMN said_at INTEGER;
ALTER TABLE tag ADD COLUMN said_by_id INTEGER;
ALTER TABLE manifest ADD COLUMN said_at INTEGER;
ALTER TABLE manifest ADD COLUMN said_by_id INTEGER;
ALTER TABLE meta ADD COLUMN stamped_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE meta ADD COLUMN skew_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE meta ADD COLUMN stepped_at INTEGER NOT NULL DEFAULT 0;
`,
];

/** Makes the current tables in an empty file. */
export function createTables(db: Db, epoch: string): void {
  db.exec(tables);
  db.prepare('INSERT INTO meta (id, epoch, head, floor, recorded_at) VALUES (1, ?, 0, 0, 0)').run(epoch);
  db.pragma(`application_id = ${applicationId}`);
  db.pragma(`user_version = ${schemaVersion}`);
}

/** Updates an older file; does nothing to a current one. */
export function migrate(db: Db): void {
  const version = versionOf(db);
  if (version === schemaVersion) return;
  db.transaction(() => {
    for (const step of steps.slice(version - 1)) db.exec(step);
    db.pragma(`user_version = ${schemaVersion}`);
  }).immediate();
}

/** The version of the file's tables; 0: it has none. */
export function versionOf(db: Db): number {
  return Number(db.pragma('user_version', { simple: true }));
}
