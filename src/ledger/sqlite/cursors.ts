/** The cursor port in SQLite. It runs in the worker, which has the leases; cursors are saved with the group commit. */
import { crc32 } from 'node:zlib';
import { encodeCursor, encodeWish, readCursor, readWish } from '../cursor-codec.ts';
import {
  type HeldTarget,
  type Lease,
  lostCursor,
  newWish,
  type TargetRow,
  type WishChange,
} from '../cursors.ts';
import type { Moment, StoredTarget, TargetStore, TargetTable } from '../target-table.ts';
import type { Db } from './tables.ts';

interface StoredRow {
  readonly name: string;
  readonly fence: number;
  readonly cursor: string;
  readonly wish: string;
  readonly seen_at: number;
  readonly checksum: number;
}

/** The rows of targets in the file. */
export class SqliteTargets implements TargetStore {
  readonly #sql;
  readonly #onDamage: (name: string) => void;

  /** @param onDamage hears of a row that cannot be believed: its target begins anew. Default: nobody hears */
  constructor(db: Db, onDamage: (name: string) => void = () => {}) {
    this.#onDamage = onDamage;
    this.#sql = {
      get: db.prepare<[string], StoredRow>('SELECT * FROM target WHERE name = ?'),
      put: db.prepare(
        `INSERT INTO target (name, fence, cursor, wish, seen_at, checksum) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (name) DO UPDATE SET fence = excluded.fence, cursor = excluded.cursor, wish = excluded.wish,
             seen_at = excluded.seen_at, checksum = excluded.checksum`,
      ),
      remove: db.prepare<[string]>('DELETE FROM target WHERE name = ?'),
      all: db.prepare<[], StoredRow>('SELECT * FROM target ORDER BY name'),
    };
  }

  get(name: string): StoredTarget | null {
    const row = this.#sql.get.get(name);
    if (row === undefined) return null;
    const target = decode(row);
    if (target === null) this.#onDamage(name);
    return target ?? damagedTarget(name);
  }

  put({ name, fence, cursor, wish, seenAt }: StoredTarget): void {
    const row = { name, fence, cursor: encodeCursor(cursor), wish: encodeWish(wish), seen_at: seenAt };
    this.#sql.put.run(name, fence, row.cursor, row.wish, seenAt, checksumOf(row));
  }

  remove(name: string): void {
    this.#sql.remove.run(name);
  }

  all(): readonly StoredTarget[] {
    return this.#sql.all.all().map((row) => decode(row) ?? damagedTarget(row.name));
  }
}

/** Null if it is damaged. */
function decode(row: StoredRow): StoredTarget | null {
  if (row.checksum !== checksumOf(row)) return null;
  const [cursor, wish] = [readCursor(row.cursor), readWish(row.wish)];
  if (cursor === null || wish === null) return null;
  return { name: row.name, fence: row.fence, cursor, wish, seenAt: row.seen_at };
}

function damagedTarget(name: string): StoredTarget {
  return { name, fence: 0, cursor: lostCursor, wish: newWish, seenAt: 0 };
}

/** CRC-32 of what a row says. */
function checksumOf({ name, fence, cursor, wish, seen_at }: Omit<StoredRow, 'checksum'>): number {
  return crc32(JSON.stringify([name, fence, cursor, wish, seen_at]));
}

type Run = <T>(action: string, work: () => T) => T;

interface CursorHost {
  readonly reading: Run;
  /** One commit. */
  readonly transaction: Run;
  /** Advances the ledger's clock. */
  readonly at: (now: number, monotonic: number) => Moment;
}

/** What the worker answers of the port; `now` is the wall clock, ms since the epoch, `monotonic` in ms. */
export class SqliteCursors {
  readonly #table: TargetTable;
  readonly #host: CursorHost;

  constructor(table: TargetTable, host: CursorHost) {
    this.#table = table;
    this.#host = host;
  }

  claimTargets(
    names: readonly string[],
    holder: string,
    leaseMs: number,
    now: number,
    monotonic: number,
  ): readonly HeldTarget[] {
    return this.#host.transaction('claim targets', () =>
      this.#table.claim(names, { holder, leaseMs }, this.#host.at(now, monotonic)),
    );
  }

  /** A transaction that mostly writes nothing: it also refuses where the file is not ours any more. */
  renewTargets(held: readonly Lease[], leaseMs: number, now: number, monotonic: number) {
    return this.#host.transaction('renew the leases of targets', () =>
      this.#table.renew(held, leaseMs, this.#host.at(now, monotonic)),
    );
  }

  releaseTargets(held: readonly Lease[]): void {
    this.#host.transaction('release targets', () => this.#table.release(held));
  }

  wishTarget(name: string, change: WishChange, now: number, monotonic: number): TargetRow | null {
    return this.#host.transaction('keep what is wanted of a target', () =>
      this.#table.wish(name, change, this.#host.at(now, monotonic)),
    );
  }

  listTargets(now: number, monotonic: number): readonly TargetRow[] {
    return this.#host.reading('list targets', () => this.#table.list(this.#host.at(now, monotonic)));
  }
}
