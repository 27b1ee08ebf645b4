import { closeSync, existsSync, fsyncSync, openSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { unavailable } from '../../errors.ts';
import { claimFile } from './claim.ts';
import { assertUndamaged } from './damage.ts';
import { refuseDisk } from './error.ts';
import { MarkFile } from './mark.ts';
import { migrate } from './migration.ts';
import { makeFolder, openForReading, readStanding } from './schema.ts';
import type { Db } from './tables.ts';

/** Pages copied between two turns of the event loop: 4 MiB. */
const pagesAtOnce = 1_000;

/**
 * Copies the ledger as of now into a new file, which appears only once it is whole, checked and on disk. The gateway
 * goes on; its write-ahead log grows until the copy ends.
 *
 * @throws UNAVAILABLE if the target exists, its folder does not, the disk fails, or the ledger is damaged
 */
export async function backUpSqlite(path: string, target: string): Promise<void> {
  const action = `back up ledger to ${target}`;
  if (existsSync(target)) throw unavailable(`${action}: the file is there already: must be a new one`);
  // better-sqlite3 would throw a TypeError.
  if (!existsSync(dirname(target))) throw unavailable(`${action}: its folder is not there: make it first`);
  const partial = `${target}.partial`;
  try {
    await copyLedger(path, partial);
    assertUndamaged(partial, action);
    publish(partial, target);
  } catch (error) {
    rmSync(partial, { force: true });
    throw refuseDisk(action, error);
  }
}

interface Restored {
  readonly epoch: string;
  readonly head: number;
  /** Where the previous ledger is now; null: there was none. */
  readonly setAside: string | null;
}

/** `now`: ms since the epoch. */
type RestoreOptions = Readonly<{ path: string; backup: string; epoch: string; now: number }>;

/**
 * Replaces the ledger by a backup, under a new epoch: clients have seen changes that the backup does not hold, and
 * must receive `reset`. The previous ledger is kept under another name. An interrupted restore can be run again.
 *
 * @throws UNAVAILABLE if a gateway has the ledger, the backup is not a ledger or is damaged, or the disk fails
 */
export async function restoreSqlite({ path: asked, backup, epoch, now }: RestoreOptions): Promise<Restored> {
  const action = `restore ledger ${asked}`;
  try {
    const path = existsSync(asked) ? realpathSync(asked) : resolve(asked);
    makeFolder(dirname(path), action);
    openForReading(backup).close();
    if (realpathSync(backup) === path)
      throw unavailable(`${action}: the backup is that file itself: must be another one`);
    const claim = claimFile(path, action);
    try {
      const fresh = `${path}.restoring`;
      await copyLedger(backup, fresh);
      assertUndamaged(fresh, action);
      const head = renew(fresh, epoch);
      const setAside = moveAside(path, now);
      publish(fresh, path);
      const mark = new MarkFile(path, now);
      mark.write(epoch, head);
      mark.close();
      return { epoch, head, setAside };
    } finally {
      claim.close();
    }
  } catch (error) {
    throw refuseDisk(action, error);
  }
}

/** SQLite's online backup. Within a transaction it copies one moment, and does not restart at each foreign commit. */
async function copyLedger(path: string, target: string): Promise<void> {
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(target + suffix, { force: true });
  const db = openForReading(path);
  try {
    db.exec('BEGIN');
    readStanding(db);
    await db.backup(target, { progress: () => pagesAtOnce });
  } finally {
    db.close();
  }
  // A single file: in WAL mode even a reader would leave two more beside it.
  const copy: Db = new Database(target);
  copy.pragma('journal_mode = DELETE');
  copy.close();
}

/** @returns the head */
function renew(path: string, epoch: string): number {
  const db: Db = new Database(path);
  try {
    migrate(db);
    db.prepare('UPDATE meta SET epoch = ?').run(epoch);
    return readStanding(db).head;
  } finally {
    db.close();
  }
}

/** Moves the log too: without it the file would be an older one. */
function moveAside(path: string, now: number): string | null {
  const stamp = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  const aside = `${path}.replaced-${stamp}`;
  const moved = [path, `${path}-wal`].filter((each) => existsSync(each));
  for (const each of moved) renameSync(each, aside + each.slice(path.length));
  rmSync(`${path}-shm`, { force: true });
  return moved.length === 0 ? null : basename(aside);
}

/** Gives a finished file its name, durably. */
function publish(from: string, to: string): void {
  syncPath(from);
  renameSync(from, to);
  syncPath(dirname(resolve(to)));
}

function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
