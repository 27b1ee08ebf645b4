/** Opens the SQLite file: checks that it is ours and can be trusted, and decides its epoch. */
import { accessSync, constants, existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { unavailable } from '../../errors.ts';
import { claimFile } from './claim.ts';
import { assertComplete, assertUndamaged, damaged, maxBytesAtOpening } from './damage.ts';
import { refuseDisk } from './error.ts';
import { type Mark, MarkFile } from './mark.ts';
import { migrate } from './migration.ts';
import { assertOneName, SqlitePlace } from './place.ts';
import { applicationId, createTables, type Db, schemaVersion, versionOf } from './tables.ts';
import { type Ends, judgeOpening, type Standing, type Verdict } from './verdict.ts';

const cacheKib = 64 * 1024;
const walLimitBytes = 64 * 1024 * 1024;

/** How to open the file. */
export interface SqliteFileOptions {
  readonly path: string;
  /** Epoch for a file that is new, or cannot keep its own. */
  readonly epoch: string;
  /** When it is opened, ms since the epoch: `ledger info` shows it. */
  readonly openedAt: number;
  /** How long to wait for another program's lock on the file, ms. */
  readonly busyTimeoutMs: number;
  /** Maximum file size, bytes; null: as the disk allows. */
  readonly maxFileBytes: number | null;
}

/** An opened and claimed file. */
export interface SqliteFile {
  readonly db: Db;
  /** Checks that the file is still at its path, and that nobody else writes to it. */
  readonly place: Pick<SqlitePlace, 'assertHeld' | 'remember'>;
  readonly mark: Pick<MarkFile, 'write'>;
  /** Why the epoch is new, for the log; null: the file keeps its own. */
  readonly lost: string | null;
  close(): void;
}

/**
 * Opens the file, creates it and its folder if missing, and claims it for this process.
 *
 * @throws UNAVAILABLE if it cannot be opened, is not ours, is newer, is damaged, or another gateway has it
 */
export function openSqliteFile(options: SqliteFileOptions): SqliteFile {
  const action = `open ledger ${options.path}`;
  const opened: { close(): void }[] = [];
  const close = () => {
    for (const each of opened.splice(0)) each.close();
  };
  try {
    makeFolder(dirname(options.path), action);
    assertWritable(options.path, action);
    const { isShort } = assertComplete(options.path, action);
    const db = new Database(options.path, { timeout: options.busyTimeoutMs });
    opened.push(db);
    assertOurs(db, action);
    const path = realpathSync(options.path);
    const claim = claimFile(path, action);
    opened.push(claim);
    assertOneName(BigInt(statSync(path).nlink), action);
    const mark = new MarkFile(path, options.openedAt);
    opened.splice(1, 0, mark);
    // Before anything is written: an update would read damaged pages, and not say what to do.
    if (isShort || mark.before?.isLost === true || statSync(path).size <= maxBytesAtOpening)
      assertUndamaged(path, action);
    prepare(db, options);
    const { standing, lost } = judge(db, mark.before, options.epoch);
    const place = new SqlitePlace({
      ...fileShape(db),
      path: options.path,
      logLimitBytes: walLimitBytes,
      onOverwritten: () => mark.write(standing.epoch, standing.head, true),
    });
    // After the database: closing a descriptor of its file drops SQLite's locks on it.
    opened.splice(1, 0, place);
    mark.write(standing.epoch, standing.head);
    return { db, place, mark, lost, close };
  } catch (error) {
    close();
    throw isCorrupt(error) ? damaged(action, 'SQLITE_CORRUPT') : refuseDisk(action, error);
  }
}

/** @throws UNAVAILABLE if the file cannot be read, or is not a ledger */
export function openForReading(path: string): Db {
  const action = `open ledger ${path}`;
  if (!existsSync(path)) throw unavailable(`${action}: there is no such file: must be a ledger`);
  let db: Db | null = null;
  try {
    db = new Database(path, { readonly: true, fileMustExist: true });
    assertOurs(db, action);
    return db;
  } catch (error) {
    db?.close();
    throw refuseDisk(action, error);
  }
}

/** SQLite may find damage in the tables' own definitions before any check does. */
function isCorrupt(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_CORRUPT');
}

/** Parents first: the recursion of `mkdirSync` never ends where a folder takes none, as in `/proc`. */
function makeParts(folder: string): void {
  const isThere = () => statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isThere()) return;
  makeParts(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process may have made it.
    if (!isThere()) throw error;
  }
}

/** Makes a folder and those around it. @throws UNAVAILABLE if one of them is a file */
export function makeFolder(folder: string, action: string): void {
  try {
    makeParts(folder);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code !== 'EEXIST' && code !== 'ENOTDIR') throw error;
    throw unavailable(`${action}: a part of its folder ${folder} is a file: must be a folder`);
  }
}

/** SQLite opens a file that it may not write, and fails only at the first change. */
function assertWritable(path: string, action: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isFile()) throw unavailable(`${action}: it is a folder or a device: must be a file`);
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EROFS')
      throw unavailable(`${action}: its file system is mounted read-only: must be writable`);
    const mode = (stats.mode & 0o777).toString(8).padStart(3, '0');
    const found = `owner ${stats.uid}, mode ${mode}; the gateway runs as ${process.getuid?.() ?? '?'}`;
    throw unavailable(`${action}: this user may not read and write the file (${found}): must be allowed to`);
  }
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

function prepare(db: Db, { epoch, maxFileBytes }: SqliteFileOptions): void {
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma(`cache_size = -${cacheKib}`);
  // `wal_autocheckpoint` stays at SQLite's 1,000 pages: 4,000 and 16,000 gave no more commits a second, and two and
  // six times longer stalls.
  db.pragma(`journal_size_limit = ${walLimitBytes}`);
  if (maxFileBytes !== null) {
    const pageBytes = Number(db.pragma('page_size', { simple: true }));
    db.pragma(`max_page_count = ${Math.max(1, Math.floor(maxFileBytes / pageBytes))}`);
  }
  if (db.pragma('application_id', { simple: true }) === applicationId) migrate(db);
  else db.transaction(() => createTables(db, epoch)).immediate();
  // A file has one owner: the previous one is gone, and what it had leased can be completed at once.
  db.exec('UPDATE pending SET leased_until = 0 WHERE leased_until > 0');
}

function judge(db: Db, mark: Mark | null, epoch: string): Verdict {
  const verdict = judgeOpening({ standing: readStanding(db), ends: readEnds(db), mark, epoch });
  if (verdict.lost !== null) {
    const { head, floor, recordedAt } = verdict.standing;
    const put = db.prepare('UPDATE meta SET epoch = ?, head = ?, floor = ?, recorded_at = ?');
    put.run(epoch, head, floor, recordedAt);
  }
  return verdict;
}

/** @throws UNAVAILABLE if the row is missing */
export function readStanding(db: Db): Standing {
  const standing = db
    .prepare<[], Standing>('SELECT epoch, head, floor, recorded_at AS recordedAt FROM meta')
    .get();
  if (standing === undefined) throw damaged('open ledger', 'its meta row is missing');
  return standing;
}

function readEnds(db: Db): Ends | null {
  const ends = db.prepare<[], Ends>(
    `SELECT (SELECT min(sequence) FROM change) AS first, sequence AS last, recorded_at AS recordedAt
       FROM change ORDER BY sequence DESC LIMIT 1`,
  );
  return ends.get() ?? null;
}

function fileShape(db: Db): { metaPage: number; pageBytes: number } {
  const metaPage = db
    .prepare<[], number>("SELECT rootpage FROM sqlite_schema WHERE name = 'meta'")
    .pluck()
    .get();
  return { metaPage: metaPage ?? 1, pageBytes: Number(db.pragma('page_size', { simple: true })) };
}
