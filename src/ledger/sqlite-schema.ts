/**
 * The SQLite file: its tables, what makes it ours, and the claim that keeps a second gateway out.
 *
 * Rows are compact, because five million of them are ordinary: repositories, media types and origins are
 * interned, digests are bytes. The change table's key is the sequence, which is dense, and `recorded_at` never
 * falls along it: a seek by time is a binary search by key and needs no index.
 */
import { mkdirSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { ManifeedError } from '../errors.ts';
import { refuseDisk } from './sqlite-error.ts';
import { SqlitePlace } from './sqlite-place.ts';

export type Db = Database.Database;

/** "MFED": says that a SQLite file is a Manifeed ledger (SQLite, "PRAGMA application_id"). */
const applicationId = 0x4d464544;
const schemaVersion = 1;
const cacheKib = 64 * 1024;
const walLimitBytes = 64 * 1024 * 1024;

const tables = `
CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  epoch TEXT NOT NULL,
  head INTEGER NOT NULL,
  floor INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL
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
  origin_id INTEGER NOT NULL
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
  PRIMARY KEY (repository_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_by_digest ON tag (repository_id, digest) WHERE present = 1;
CREATE INDEX tag_gone ON tag (as_of) WHERE present = 0;
CREATE TABLE manifest (
  repository_id INTEGER NOT NULL,
  digest BLOB NOT NULL,
  present INTEGER NOT NULL,
  as_of INTEGER NOT NULL,
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

export interface SqliteFileOptions {
  readonly path: string;
  /** Epoch for a file that is new. */
  readonly epoch: string;
  /** How long a lock of another program on the file is waited for, ms. */
  readonly busyTimeoutMs: number;
  /** The file's size at most, bytes; null: as the disk allows. */
  readonly maxFileBytes: number | null;
}

export interface SqliteFile {
  readonly db: Db;
  /** Whether the file is still at its path. */
  readonly place: SqlitePlace;
  close(): void;
}

/**
 * Opens the file, making it and its folder where they are missing, and claims it for this process.
 *
 * @throws UNAVAILABLE where it can't be opened, is not ours, is newer, or another gateway has it
 */
export function openSqliteFile(options: SqliteFileOptions): SqliteFile {
  const action = `open ledger ${options.path}`;
  let db: Db | undefined;
  let claim: Db | undefined;
  let place: SqlitePlace;
  try {
    mkdirSync(dirname(options.path), { recursive: true });
    db = new Database(options.path, { timeout: options.busyTimeoutMs });
    assertOurs(db, action);
    claim = claimFile(realpathSync(options.path), action);
    prepare(db, options);
    place = new SqlitePlace(options.path);
  } catch (error) {
    claim?.close();
    db?.close();
    throw refuseDisk(action, error);
  }
  const [open, held] = [db, claim];
  return {
    db: open,
    place,
    close() {
      open.close();
      held.close();
    },
  };
}

function assertOurs(db: Db, action: string): void {
  const id = db.pragma('application_id', { simple: true });
  const version = Number(db.pragma('user_version', { simple: true }));
  const isEmpty = db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
  if (isEmpty && id === 0) return;
  if (id !== applicationId)
    throw unavailable(`${action}: it is another program's database: must be a Manifeed ledger or a new file`);
  if (version > schemaVersion)
    throw unavailable(
      `${action}: its schema is ${version}, of a newer Manifeed: must be at most ${schemaVersion}`,
    );
}

/**
 * An exclusive lock on a sidecar file, held as long as the process lives: the kernel drops it with the process,
 * so kill -9 leaves nothing stale. A lock row would stay behind; `locking_mode = EXCLUSIVE` on the ledger itself
 * would also keep out backups and everyone who only wants to look.
 */
function claimFile(path: string, action: string): Db {
  const claim = new Database(`${path}.lock`, { timeout: 0 });
  try {
    // Nothing is ever written to it, so a journal file beside it would only puzzle.
    claim.pragma('journal_mode = MEMORY');
    claim.exec('BEGIN EXCLUSIVE');
    return claim;
  } catch (error) {
    claim.close();
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY'))
      throw unavailable(`${action}: another gateway has it: one file must have one gateway (several: Redis)`);
    throw error;
  }
}

function prepare(db: Db, { epoch, maxFileBytes }: SqliteFileOptions): void {
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma(`cache_size = -${cacheKib}`);
  // `wal_autocheckpoint` stays at SQLite's 1,000 pages: 4,000 and 16,000 gave no more commits a second, and
  // stalls two and six times as long.
  db.pragma(`journal_size_limit = ${walLimitBytes}`);
  if (maxFileBytes !== null) {
    const pageBytes = Number(db.pragma('page_size', { simple: true }));
    db.pragma(`max_page_count = ${Math.max(1, Math.floor(maxFileBytes / pageBytes))}`);
  }
  if (db.pragma('application_id', { simple: true }) === applicationId) return;
  db.transaction(() => {
    db.exec(tables);
    db.prepare('INSERT INTO meta (id, epoch, head, floor, recorded_at) VALUES (1, ?, 0, 0, 0)').run(epoch);
    db.pragma(`application_id = ${applicationId}`);
    db.pragma(`user_version = ${schemaVersion}`);
  }).immediate();
}

function unavailable(message: string): ManifeedError {
  return new ManifeedError('UNAVAILABLE', message);
}
