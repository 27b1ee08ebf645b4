/** Reads a ledger's file while its gateway runs, without a claim, a lock that would disturb it, or a write. */
import { realpathSync } from 'node:fs';
import type { LedgerRow } from '../transfer.ts';
import { isClaimed } from './claim.ts';
import { sizeOf } from './damage.ts';
import { refuseDisk } from './error.ts';
import { SqliteHealth } from './health.ts';
import { type Owner, readMark } from './mark.ts';
import { isOutdated } from './migration.ts';
import { openForReading, readStanding } from './schema.ts';
import { type Db, versionOf } from './tables.ts';
import { SqliteExport } from './transfer.ts';

/** What `ledger info` shows of a file. */
export interface SqliteFacts {
  readonly epoch: string;
  readonly head: number;
  readonly floor: number;
  /** `recordedAt` of the oldest and the newest change kept, ms since the epoch; null if none is kept. */
  readonly oldestAt: number | null;
  readonly newestAt: number | null;
  readonly tags: number;
  readonly repositories: number;
  /** Of the file, and of its write-ahead log. */
  readonly bytes: number;
  readonly logBytes: number;
  readonly schema: number;
  readonly isHeld: boolean;
  /** The process that has it, or had it last; null: it left no mark. */
  readonly owner: Owner | null;
}

/** Whether the file has an older schema, which only its owner may update. */
export function isOldSqlite(path: string): boolean {
  return reading(path, (db) => isOutdated(db));
}

/** @throws UNAVAILABLE if the file cannot be read, or is not a ledger of this schema */
export function sqliteFacts(path: string): SqliteFacts {
  return reading(path, (db) => readFacts(db, realpathSync(path)));
}

/** Every row of the ledger as of one moment. @throws as `sqliteFacts` */
export function* exportSqlite(path: string): Generator<LedgerRow> {
  const rows = new SqliteExport(path);
  try {
    for (let batch = rows.next(); batch.length > 0; batch = rows.next()) yield* batch;
  } catch (error) {
    throw new SqliteHealth(path).refuse('export ledger', error);
  } finally {
    rows.close();
  }
}

function reading<T>(path: string, work: (db: Db) => T): T {
  const db = openForReading(path);
  try {
    return work(db);
  } catch (error) {
    throw refuseDisk(`read ledger ${path}`, error);
  } finally {
    db.close();
  }
}

function readFacts(db: Db, path: string): SqliteFacts {
  const number = (sql: string) => db.prepare<[], number>(sql).pluck().get() ?? null;
  // One transaction, so that all figures are of one moment.
  const read = db.transaction(() => {
    const { epoch, head, floor } = readStanding(db);
    return {
      ...{ epoch, head, floor },
      oldestAt: number(`SELECT recorded_at FROM change WHERE sequence > ${floor} ORDER BY sequence LIMIT 1`),
      newestAt: number('SELECT recorded_at FROM change ORDER BY sequence DESC LIMIT 1'),
      tags: number('SELECT sum(tags) FROM repository') ?? 0,
      repositories: number('SELECT count(*) FROM repository WHERE tags > 0') ?? 0,
    };
  });
  return {
    ...read(),
    bytes: sizeOf(path),
    logBytes: sizeOf(`${path}-wal`),
    schema: versionOf(db),
    isHeld: isClaimed(path),
    owner: readMark(path)?.owner ?? null,
  };
}
