/**
 * The file beside the ledger that says how far it had come: `<file>.head`. A restored old copy is a good ledger,
 * except that clients have seen changes that it does not hold. Nothing inside it can reveal that.
 *
 * It is written after each commit and without fsync, so it may be behind the ledger but never ahead of it: after a
 * power cut it finds less. Each record is one small write, so that a kill cannot leave half of it.
 */
import { closeSync, constants, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { crc32 } from 'node:zlib';

/** How far the ledger had come, and with whom. */
export interface Mark {
  readonly epoch: string;
  readonly head: number;
  /** The file was overwritten while it was open, so its content is unknown. */
  readonly isLost: boolean;
  readonly owner: Owner;
}

/** The process that writes the mark. */
export interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When it opened the ledger, ms since the epoch. */
  readonly since: number;
}

/** All records have this length, so that each covers the one before. */
const recordBytes = 256;
const version = 'manifeed-head-1';

function markPathOf(path: string): string {
  return `${path}.head`;
}

function encodeMark({ epoch, head, isLost, owner }: Mark): string {
  // Host names have at most 64 characters (POSIX, HOST_NAME_MAX). Longer ones are cut to keep the record's length.
  const host = owner.host.replace(/[^\w.-]/g, '').slice(0, 64) || '-';
  const state = isLost ? 'lost' : 'held';
  const text = `${version} ${epoch} ${head} ${state} ${owner.pid} ${host} ${owner.since}`;
  return `${`${text} ${crc32(text)}`.padEnd(recordBytes - 1)}\n`;
}

/** Null if it is not a record: a power cut may leave anything. */
function decodeMark(record: string): Mark | null {
  const match =
    /^(manifeed-head-1 ([0-9a-z]{1,32}) (\d{1,16}) (held|lost) (\d{1,10}) ([\w.-]+) (\d{1,16})) (\d+) *\n/.exec(
      record,
    );
  const [, text = '', epoch = '', head, state, pid, host = '', since, sum] = match ?? [];
  if (match === null || crc32(text) !== Number(sum)) return null;
  const owner = { pid: Number(pid), host, since: Number(since) };
  return { epoch, head: Number(head), isLost: state === 'lost', owner };
}

/** Null if there is no readable mark. */
export function readMark(path: string): Mark | null {
  try {
    return decodeMark(readFileSync(markPathOf(path), 'latin1'));
  } catch {
    return null;
  }
}

/** The mark's file while the ledger is open. */
export class MarkFile {
  readonly #file: number;
  readonly #owner: Owner;
  readonly #record = Buffer.alloc(recordBytes);
  /** What the previous process left; null: nothing. */
  readonly before: Mark | null;

  /** @param path the ledger's own file, which this process has claimed */
  constructor(path: string, now: number) {
    this.#file = openSync(markPathOf(path), constants.O_RDWR | constants.O_CREAT, 0o644);
    this.before = readFrom(this.#file);
    this.#owner = { pid: process.pid, host: hostname(), since: now };
  }

  /** @param isLost default false */
  write(epoch: string, head: number, isLost = false): void {
    try {
      this.#record.write(encodeMark({ epoch, head, isLost, owner: this.#owner }), 0, 'latin1');
      writeSync(this.#file, this.#record, 0, recordBytes, 0);
    } catch {
      // The commit is durable, and a refusal would make its sender repeat it. The mark only falls behind.
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}

function readFrom(file: number): Mark | null {
  const record = Buffer.alloc(recordBytes);
  const length = readSync(file, record, 0, recordBytes, 0);
  return decodeMark(record.toString('latin1', 0, length));
}
