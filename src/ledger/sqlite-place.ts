import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { ManifeedError } from '../errors.ts';

interface Identity {
  readonly path: string;
  readonly device: bigint;
  readonly inode: bigint;
}

/**
 * That the opened ledger is still what its path names. Whoever deletes, moves or replaces an open file takes
 * nothing from us: the kernel keeps it, every fsync succeeds, and all that was acknowledged ends with the
 * process. The write-ahead log counts too, since the newest commits are only there.
 */
export class SqlitePlace {
  readonly #identities: readonly Identity[];

  /**
   * @param path the ledger's file, opened in WAL mode
   * @throws UNAVAILABLE where it is gone already
   */
  constructor(path: string) {
    // Absolute, and not resolved: a symbolic link that points elsewhere by now is another file after a restart.
    // SQLite puts the log beside what the link pointed at ("Write-Ahead Logging", 3.3).
    this.#identities = [resolve(path), `${realpathSync(path)}-wal`].map((of) => identify(of, 'open ledger'));
  }

  /**
   * Two stats, some microseconds beside an fsync's milliseconds.
   *
   * @throws UNAVAILABLE where the path names no file or another; passes again once the file is put back
   */
  assertHeld(action: string): void {
    for (const { path, device, inode } of this.#identities) {
      const now = identify(path, action);
      if (now.device !== device || now.inode !== inode)
        throw displaced(action, 'another file is at its path');
    }
  }
}

function identify(path: string, action: string): Identity {
  // As bigint: inode numbers of some file systems need all 64 bits.
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) throw displaced(action, 'the file was deleted or moved');
  return { path, device: stats.dev, inode: stats.ino };
}

// Without the path: `/readyz` and webhooks show this to strangers.
function displaced(action: string, state: string): ManifeedError {
  return new ManifeedError(
    'UNAVAILABLE',
    `${action}: ${state}: the opened one must be put back, or the gateway restarted`,
  );
}
