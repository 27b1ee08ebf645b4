import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { unavailable } from '../../errors.ts';
import { lockPathOf } from './place.ts';
import type { Db } from './tables.ts';

/**
 * Takes an exclusive lock on a sidecar file, held while the process lives. The kernel drops it with the process, so
 * kill -9 leaves nothing stale; a lock row would stay. `locking_mode = EXCLUSIVE` on the ledger itself would also keep
 * out backups and readers.
 *
 * @param path resolved: symbolic links to one ledger share one lock
 * @throws UNAVAILABLE if another process has it
 */
export function claimFile(path: string, action: string): Db {
  const claim = new Database(lockPathOf(path), { timeout: 0 });
  try {
    // Nothing is ever written to it, so a journal file beside it would only confuse.
    claim.pragma('journal_mode = MEMORY');
    claim.exec('BEGIN EXCLUSIVE');
    return claim;
  } catch (error) {
    claim.close();
    if (!isBusy(error)) throw error;
    throw unavailable(
      `${action}: another gateway has it: one file must have one gateway: stop that one, or name another file with --ledger (several on one ledger: Redis)`,
    );
  }
}

/** Whether a process holds the lock; it takes none. @param path resolved */
export function isClaimed(path: string): boolean {
  if (!existsSync(lockPathOf(path))) return false;
  const probe = new Database(lockPathOf(path), { timeout: 0, readonly: true });
  try {
    probe.prepare('SELECT 1 FROM sqlite_schema').get();
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw error;
  } finally {
    probe.close();
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
}
