/**
 * The tables of a ledger's file, their version, and how an older file is updated.
 *
 * Rows are compact, because five million of them are ordinary: repositories, media types and origins are interned,
 * digests are bytes. The change table's key is the sequence, which is dense, and `recorded_at` never falls along it:
 * a seek by time is a binary search by key and needs no index. `previous` is the tag's previous change (0: none kept
 * then, null: unknown), so that the history of a tag needs no index either.
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
 * 1: the first. 2: checksums; the ledger's clock, and when and by whom a row was believed (weigh.ts). 3: indexes for
 * every query (`queries/`), tags counted, when lists and tags were checked, manifests; columns for platforms. 4: where
 * targets are.
 */
export const schemaVersion = 4;

/** The tags of the file that is being updated to schema 3; the table is dropped at the end (migration.ts). */
export const oldTags = 'tag_of_schema_2';

/**
 * Present tags in three more orders: by digest, by last move of all repositories, and by last move in a crowded one.
 * Each index costs a written page for each move, so a repository that has few rows has no entries in the third: they
 * can be read at once, and sorted. The indexes name the whole key: SQLite would append it, but plans would not show it.
 */
const tag = `CREATE TABLE tag (
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
  checked_at INTEGER,
  crowded INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (repository_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_at_digest ON tag (digest, repository_id, name) WHERE present = 1;
CREATE INDEX tag_moved ON tag (updated_at, repository_id, name) WHERE present = 1;
CREATE INDEX tag_moved_in ON tag (repository_id, updated_at, name) WHERE crowded = 1 AND present = 1;
CREATE INDEX tag_ended ON tag (as_of) WHERE present = 0;
`;

/**
 * Manifests by digest (manifests.ts): a cache, which exports leave out. \`asked\` and \`kept\` count up: what has the
 * lowest was asked for, or kept, longest ago. Bytes are apart, so that asking for a manifest does not rewrite them.
 */
const storedManifests = `CREATE TABLE stored_manifest (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  media_type TEXT NOT NULL,
  size INTEGER NOT NULL,
  children BLOB NOT NULL,
  platforms TEXT,
  bytes INTEGER,
  asked INTEGER NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
CREATE INDEX stored_manifest_asked ON stored_manifest (asked);
CREATE INDEX stored_manifest_bytes ON stored_manifest (asked) WHERE bytes IS NOT NULL;
CREATE TABLE manifest_bytes (manifest_id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE manifest_child (
  child BLOB NOT NULL,
  parent_id INTEGER NOT NULL,
  kept INTEGER NOT NULL,
  PRIMARY KEY (child, parent_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE manifest_total (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  manifests INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  turn INTEGER NOT NULL
) STRICT;
INSERT INTO manifest_total (id, manifests, bytes, turn) VALUES (1, 0, 0, 0);
`;

/** Where targets are (cursors.ts); \`cursor\` and \`wish\` as in cursor-codec.ts. Leases are the process's. */
const targets = `CREATE TABLE target (
  name TEXT NOT NULL PRIMARY KEY,
  fence INTEGER NOT NULL,
  cursor TEXT NOT NULL,
  wish TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  checksum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

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
  tags INTEGER NOT NULL DEFAULT 0,
  names INTEGER NOT NULL DEFAULT 0,
  crowded INTEGER NOT NULL DEFAULT 0,
  whole_at INTEGER,
  read_at INTEGER,
  UNIQUE (registry, name)
) STRICT;
CREATE INDEX repository_listed ON repository (read_at) WHERE read_at IS NOT NULL;
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
  checksum INTEGER,
  platforms TEXT,
  moved_platforms TEXT,
  previous INTEGER
) STRICT;
CREATE INDEX change_by_repository ON change (repository_id);
${tag}CREATE TABLE manifest (
  repository_id INTEGER NOT NULL,
  digest BLOB NOT NULL,
  present INTEGER NOT NULL,
  as_of INTEGER NOT NULL,
  said_at INTEGER,
  said_by_id INTEGER,
  media_type_id INTEGER,
  size INTEGER,
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
  leased_until INTEGER NOT NULL,
  awaits TEXT
) STRICT;
CREATE TABLE probe (id INTEGER PRIMARY KEY, filler BLOB NOT NULL) STRICT;
${storedManifests}${targets}`;

/**
 * The step from each version to the next, at index `version - 1`, in one transaction: it must not read or rewrite the
 * large tables. So new columns come last, and may be null in older rows. What has to be rewritten goes in bounded
 * steps afterwards (migration.ts).
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
  `
ALTER TABLE repository ADD COLUMN tags INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repository ADD COLUMN names INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repository ADD COLUMN crowded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repository ADD COLUMN whole_at INTEGER;
ALTER TABLE repository ADD COLUMN read_at INTEGER;
CREATE INDEX repository_listed ON repository (read_at) WHERE read_at IS NOT NULL;
ALTER TABLE change ADD COLUMN platforms TEXT;
ALTER TABLE change ADD COLUMN moved_platforms TEXT;
ALTER TABLE change ADD COLUMN previous INTEGER;
ALTER TABLE pending ADD COLUMN awaits TEXT;
ALTER TABLE manifest ADD COLUMN media_type_id INTEGER;
ALTER TABLE manifest ADD COLUMN size INTEGER;
ALTER TABLE tag RENAME TO ${oldTags};
${tag}${storedManifests}
`,
  targets,
];

/** Makes the current tables in an empty file. */
export function createTables(db: Db, epoch: string): void {
  db.exec(tables);
  db.prepare('INSERT INTO meta (id, epoch, head, floor, recorded_at) VALUES (1, ?, 0, 0, 0)').run(epoch);
  db.pragma(`application_id = ${applicationId}`);
  db.pragma(`user_version = ${schemaVersion}`);
}

/** The quick part of an update, in one transaction; does nothing to a current file. */
export function updateTables(db: Db): void {
  const version = versionOf(db);
  if (version === schemaVersion) return;
  db.transaction(() => {
    for (const step of steps.slice(version - 1)) db.exec(step);
    db.pragma(`user_version = ${schemaVersion}`);
  }).immediate();
}

export function versionOf(db: Db): number {
  return Number(db.pragma('user_version', { simple: true }));
}
