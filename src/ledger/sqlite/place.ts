import { type BigIntStats, closeSync, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ManifeedError } from '../../errors.ts';
import { refuseFile } from './damage.ts';

type Identity = Readonly<{ path: string; dev: bigint; ino: bigint }>;

interface SqlitePlaceOptions {
  /** The ledger's file, opened in WAL mode and claimed. */
  readonly path: string;
  /** The page that every change touches: that of the `meta` table (numbered from 1). */
  readonly metaPage: number;
  readonly pageBytes: number;
  /** SQLite cuts the log to this length when it restarts it. */
  readonly logLimitBytes: number;
  /** The file was found overwritten: it no longer holds what was acknowledged. */
  readonly onOverwritten: () => void;
}

/** SQLite, "WAL-mode File Format": magic, version, page size, salts and checksum. */
const logHeaderBytes = 32;
/** Longer than the ticks of kernels' file times (10 ms). */
const tickNs = 20_000_000n;
const secondNs = 1_000_000_000n;

/**
 * Checks that the opened ledger is still the file that its path names, and that nobody else writes to it. Deleting,
 * moving or overwriting an open file raises no error: the kernel keeps it, every fsync succeeds, and all that was
 * acknowledged is gone when the process ends. The log is checked too, because only it has the newest commits. So is
 * the lock file, without which a second gateway could open the same ledger.
 *
 * The file itself changes only in our own checkpoints. So a new modification time means that another program touched
 * it. `touch` does that too, so the content is compared before anything is refused.
 */
export class SqlitePlace {
  readonly #options: SqlitePlaceOptions;
  readonly #file: Identity;
  readonly #log: Identity;
  readonly #lock: Identity;
  /** Closed only after SQLite closed the file: closing any descriptor drops the process's locks (fcntl(2)). */
  readonly #fileDescriptor: number;
  readonly #logDescriptor: number;
  readonly #logHeader = Buffer.alloc(logHeaderBytes);
  readonly #logHeaderNow = Buffer.alloc(logHeaderBytes);
  readonly #metaPage: Buffer;
  readonly #metaPageNow: Buffer;
  #fileBytes = 0n;
  #fileModified = 0n;
  #logBytes = 0n;
  /** A checkpoint has ended, so the next commit may restart the log, with other salts. */
  #mayRestartLog = true;

  /** @throws UNAVAILABLE if one of the files is gone already, or the ledger has a second name */
  constructor(options: SqlitePlaceOptions) {
    this.#options = options;
    const { path } = options;
    // Absolute, but not resolved: a redirected symbolic link leads to another file after a restart. SQLite puts the
    // log beside the link's target ("Write-Ahead Logging", 3.3).
    const real = realpathSync(path);
    this.#file = identify(resolve(path));
    this.#log = identify(`${real}-wal`);
    this.#lock = identify(lockPathOf(real));
    this.#metaPage = Buffer.alloc(options.pageBytes);
    this.#metaPageNow = Buffer.alloc(options.pageBytes);
    this.#fileDescriptor = openSync(real, 'r');
    this.#logDescriptor = openSync(`${real}-wal`, 'r');
    assertOneName(look(real, 'open ledger').nlink, 'open ledger');
    this.remember();
    // The opened file may have been checkpointed already.
    this.#mayRestartLog = true;
  }

  /**
   * Takes microseconds, where an fsync takes milliseconds.
   *
   * @throws UNAVAILABLE if a path names no file or another one, or its content is not ours; passes again once all is
   *   put back
   */
  assertHeld(action: string): void {
    const log = assertSame(this.#log, action, 'its write-ahead log');
    assertSame(this.#lock, action, 'its lock file');
    const file = assertSame(this.#file, action, 'the file');
    assertOneName(file.nlink, action);
    const isLogShort = log.size < this.#logBytes;
    if (isLogShort || file.size < this.#fileBytes || !this.#isLogOurs() || !this.#isFileOurs(file)) {
      this.#options.onOverwritten();
      throw refuseFile(
        action,
        'the file was overwritten by another program while the gateway had it open',
        'stop the gateway and restore a backup (docs/operating.md, "Backup and restore")',
      );
    }
    this.#fileBytes = file.size;
    const limit = BigInt(this.#options.logLimitBytes);
    this.#logBytes = log.size < limit ? log.size : limit;
  }

  /** Call it after a commit, which may have restarted the log or ended with a checkpoint. */
  remember(): void {
    if (this.#mayRestartLog) this.#rememberLogHeader();
    const { size, mtimeNs } = fstatSync(this.#fileDescriptor, { bigint: true });
    if (mtimeNs === this.#fileModified && isSettled(mtimeNs)) return;
    this.#fileBytes = size;
    this.#fileModified = mtimeNs;
    this.#readMetaPage(this.#metaPage);
    this.#mayRestartLog = true;
  }

  /** A transaction that wrote nothing does not restart the log: the next one still may. */
  #rememberLogHeader(): void {
    this.#readLogHeader(this.#logHeaderNow);
    if (this.#logHeaderNow.equals(this.#logHeader)) return;
    this.#logHeaderNow.copy(this.#logHeader);
    this.#mayRestartLog = false;
  }

  close(): void {
    closeSync(this.#logDescriptor);
    closeSync(this.#fileDescriptor);
  }

  #isLogOurs(): boolean {
    this.#readLogHeader(this.#logHeaderNow);
    return this.#logHeaderNow.equals(this.#logHeader);
  }

  /** Zeros if the header is not written yet. */
  #readLogHeader(into: Buffer): void {
    into.fill(0, readSync(this.#logDescriptor, into, 0, logHeaderBytes, 0));
  }

  #isFileOurs({ mtimeNs }: BigIntStats): boolean {
    if (mtimeNs === this.#fileModified) return true;
    this.#readMetaPage(this.#metaPageNow);
    if (!this.#metaPageNow.equals(this.#metaPage)) return false;
    this.#fileModified = mtimeNs;
    return true;
  }

  #readMetaPage(into: Buffer): void {
    const { metaPage, pageBytes } = this.#options;
    const length = readSync(this.#fileDescriptor, into, 0, pageBytes, (metaPage - 1) * pageBytes);
    into.fill(0, length);
  }
}

/**
 * Whether an equal modification time proves that nothing was written since. File times move in ticks. Some file
 * systems keep only whole seconds (ext4 with small inodes, FAT, HFS+), and several checkpoints fit into one.
 */
function isSettled(mtimeNs: bigint): boolean {
  return mtimeNs % secondNs !== 0n && BigInt(Date.now()) * 1_000_000n - mtimeNs > tickNs;
}

/** The lock that keeps a second gateway out. It is beside the target of a symbolic link. */
export function lockPathOf(realPath: string): string {
  return `${realPath}.lock`;
}

function look(path: string, action: string, what = 'the file'): BigIntStats {
  // As bigint: the inode numbers of some file systems need all 64 bits.
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) throw displaced(action, `${what} was deleted or moved`);
  return stats;
}

function identify(path: string): Identity {
  const { dev, ino } = look(path, 'open ledger');
  return { path, dev, ino };
}

function assertSame({ path, dev, ino }: Identity, action: string, what: string): BigIntStats {
  const now = look(path, action, what);
  if (now.dev !== dev || now.ino !== ino)
    throw displaced(action, `${what} was replaced: another file is at its path`);
  return now;
}

/** Two gateways that open it by two names would have two locks and two logs over one database. */
export function assertOneName(links: bigint, action: string): void {
  if (links > 1n)
    throw refuseFile(
      action,
      `the file has ${links} names (hard links), and a second gateway could open it by another one`,
      'delete the other names, or make the ledger a copy of its own',
    );
}

// The message omits the path: `/readyz` and webhooks show it to strangers.
function displaced(action: string, found: string): ManifeedError {
  return refuseFile(action, found, 'put the opened one back, or restart the gateway');
}
