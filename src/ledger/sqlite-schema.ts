/** The SQLite file: what makes it ours, and the claim that keeps a second gateway out. */
import { mkdirSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { ManifeedError } from '../errors.ts';
import { refuseDisk } from './sqlite-error.ts';
import { SqlitePlace } from './sqlite-place.ts';
import { applicationId, createTables, type Db, migrate, schemaVersion, versionOf } from './sqlite-tables.ts';

const cacheKib = 64 * 1024;
const walLimitBytes = 64 * 1024 * 1024;

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
  const version = versionOf(db);
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
  if (db.pragma('application_id', { simple: true }) === applicationId) migrate(db);
  else db.transaction(() => createTables(db, epoch)).immediate();
}

function unavailable(message: string): ManifeedError {
  return new ManifeedError('UNAVAILABLE', message);
}
