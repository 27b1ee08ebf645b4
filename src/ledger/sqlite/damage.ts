/** Looks for damage in a ledger's file, before SQLite opens it and while it is open. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { type ManifeedError, unavailable } from '../../errors.ts';

/** SQLite, "Database File Format", 1.3. */
const headerBytes = 100;
/** A write-ahead log that has only its header. */
const emptyLogBytes = 32;
/** Files up to this size are checked at each opening, in some 0.3 s; larger ones only if something is odd. */
export const maxBytesAtOpening = 64 * 1024 * 1024;

/**
 * Checks the names and sizes of the files before SQLite opens them: SQLite silently makes a new database of an empty
 * file and deletes the log beside it, which may hold the newest changes.
 *
 * @returns whether the file is shorter than its header says, so that only a check can tell whether it is whole
 * @throws UNAVAILABLE if a part of the ledger is gone
 */
export function assertComplete(path: string, action: string): { readonly isShort: boolean } {
  const bytes = sizeOf(path);
  const logBytes = sizeOf(`${path}-wal`);
  if (bytes === 0 && logBytes > 0)
    throw refuseFile(
      action,
      'the file is missing or empty, but its write-ahead log (…-wal) is not',
      'put the file back or restore a backup; to begin a new ledger, move the log away',
    );
  const declared = bytes === 0 ? 0 : declaredBytes(path);
  if (bytes < declared && logBytes <= emptyLogBytes)
    throw refuseFile(
      action,
      `the file was cut off: it has ${bytes} bytes of ${declared}`,
      'restore a backup (docs/operating.md, "Backup and restore")',
    );
  // A kill during a checkpoint leaves this too, and the log then has what is missing.
  return { isShort: bytes < declared };
}

/** Bytes; 0 if there is no such file. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** The file's size according to its header, bytes; 0 if the header is invalid or does not say. */
function declaredBytes(path: string): number {
  const header = Buffer.alloc(headerBytes);
  const file = openSync(path, 'r');
  try {
    if (readSync(file, header, 0, headerBytes, 0) < headerBytes) return 0;
  } finally {
    closeSync(file);
  }
  if (header.toString('latin1', 0, 15) !== 'SQLite format 3') return 0;
  const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  // The count is valid only if both counters agree ("In-header database size").
  const isValid = header.readUInt32BE(24) === header.readUInt32BE(92);
  return isValid ? header.readUInt32BE(28) * pageBytes : 0;
}

/** Runs "PRAGMA quick_check" on a new connection, without remembered pages. Returns the first finding, or null. */
export function findDamage(path: string): string | null {
  let db: Database.Database | null = null;
  try {
    db = new Database(path, { readonly: true });
    const found = String(db.pragma('quick_check(1)', { simple: true }));
    return found === 'ok' ? null : found.replace(/\s+/g, ' ').slice(0, 200);
  } catch (error) {
    if (error instanceof Database.SqliteError && isDamage(error.code)) return error.code;
    throw error;
  } finally {
    db?.close();
  }
}

/** @throws UNAVAILABLE if `findDamage` finds any */
export function assertUndamaged(path: string, action: string): void {
  const found = findDamage(path);
  if (found !== null) throw damaged(action, found);
}

/** Whether SQLite's result code says that the file is damaged. */
export function isDamage(code: string): boolean {
  return code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB';
}

/** For a file that was found damaged. */
export function damaged(action: string, found: string): ManifeedError {
  return refuseFile(
    action,
    `the file is damaged (${found})`,
    'stop the gateway and restore a backup (docs/operating.md, "Backup and restore"), or move the file away to begin a new ledger',
  );
}

/** For what only the operator can put right. @param help what to do */
export function refuseFile(action: string, found: string, help: string): ManifeedError {
  return unavailable(`${action}: ${found}: ${help}`);
}
