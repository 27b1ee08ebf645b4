import Database from 'better-sqlite3';
import { unavailable } from '../../errors.ts';

/** What the operator can act on, by SQLite's primary result code (SQLite, "Result and Error Codes"). */
const reasons: Readonly<Record<string, string>> = {
  SQLITE_FULL: 'the disk or its quota is full: needs free space',
  SQLITE_READONLY: 'the file is read-only: must be writable',
  SQLITE_BUSY: 'another program holds a lock on the file: must be released',
  SQLITE_LOCKED: 'another program holds a lock on the file: must be released',
  SQLITE_IOERR: 'the disk failed: must read and write',
  SQLITE_CANTOPEN: 'the file cannot be opened: its folder must be there and writable',
  SQLITE_PERM: 'the file cannot be opened: must be readable and writable',
  SQLITE_CORRUPT: 'the file is damaged: restore it or begin a new one',
  SQLITE_NOTADB: 'the file is not a SQLite database: must be a Manifeed ledger or a new file',
  SQLITE_NOMEM: 'memory is exhausted: needs more',
};

/** The ledger's refusal if the disk is at fault. Any other error is a defect, and returned unchanged. */
export function refuseDisk(action: string, error: unknown): unknown {
  if (error instanceof Database.SqliteError) {
    // `SQLITE_IOERR_FSYNC` is a kind of `SQLITE_IOERR`.
    const reason = reasons[error.code.split('_').slice(0, 2).join('_')];
    if (reason === undefined) return error;
    return unavailable(`${action}: ${reason} (${error.code})`, error);
  }
  if (error instanceof Error && 'syscall' in error)
    return unavailable(`${action}: ${error.message}: must be readable and writable`, error);
  return error;
}
