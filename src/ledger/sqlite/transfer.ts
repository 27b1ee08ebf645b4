import Database from 'better-sqlite3';
import type { Bounds } from '../ledger.ts';
import { importedClock } from '../ledger-clock.ts';
import { decodePending } from '../pending-codec.ts';
import { type LedgerRow, refuseNotEmpty, transferFormat } from '../transfer.ts';
import { SqliteClock } from './clock.ts';
import { decodeDigest } from './codec.ts';
import { SqliteIndex, type StoredMemory, type StoredTag } from './index-rows.ts';
import { SqliteLog } from './log.ts';
import { SqliteNames } from './names.ts';
import { SqlitePending } from './pending.ts';
import { readStanding } from './schema.ts';
import type { Db } from './tables.ts';

const rowsAtOnce = 1_000;
/** Exports and imports take rows as they are: nothing is bounded or forgotten. */
const most = Number.MAX_SAFE_INTEGER;
const unbounded = { maxDeliveryKeys: most, maxScopesPerRepository: most, maxAgeMs: most };

/** An export under way: a snapshot on its own connection, so that the ledger goes on meanwhile. */
export class SqliteExport {
  readonly #db: Db;
  readonly #rows: Iterator<LedgerRow>;

  constructor(path: string) {
    this.#db = new Database(path, { readonly: true });
    this.#db.exec('BEGIN');
    this.#rows = exportRows(this.#db);
  }

  /** The next rows, at most 1,000; none at the end. */
  next(): readonly LedgerRow[] {
    const rows: LedgerRow[] = [];
    while (rows.length < rowsAtOnce) {
      const step = this.#rows.next();
      if (step.done === true) break;
      rows.push(step.value);
    }
    return rows;
  }

  close(): void {
    this.#rows.return?.();
    this.#db.close();
  }
}

function* exportRows(db: Db): Generator<LedgerRow> {
  let count = 0;
  for (const row of contents(db)) {
    count += 1;
    yield row;
  }
  yield { row: 'end', rows: count };
}

function* contents(db: Db): Generator<LedgerRow> {
  const names = new SqliteNames(db);
  const standing = readStanding(db);
  const { stampedAt } = new SqliteClock(db).value;
  yield { row: 'header', format: transferFormat, ...standing, stampedAt };
  yield* changes(new SqliteLog(db, names, rowsAtOnce), standing);

  const index = new SqliteIndex(db, names, unbounded);
  for (const row of db.prepare<[], StoredTag>('SELECT * FROM tag').iterate())
    yield { row: 'tag', ...index.toTagRow(row) };
  type StoredManifest = StoredMemory & { repository_id: number; digest: Buffer; present: number };
  for (const row of db.prepare<[], StoredManifest>('SELECT * FROM manifest').iterate()) {
    const { registry, repository } = names.repository(row.repository_id);
    const digest = decodeDigest(row.digest);
    const present = row.present === 1;
    yield { row: 'manifest', registry, repository, digest, present, ...index.toRemembered(row) };
  }
  type StoredBaseline = { repository_id: number; scope: string };
  for (const row of db.prepare<[], StoredBaseline>('SELECT * FROM baseline ORDER BY id').iterate()) {
    const { registry, repository } = names.repository(row.repository_id);
    yield { row: 'baseline', registry, repository, scope: row.scope };
  }
  type StoredDelivery = { key: string; at: number };
  for (const { key, at } of db.prepare<[], StoredDelivery>('SELECT * FROM delivery ORDER BY id').iterate())
    yield { row: 'delivery', key, at };
  const pending = db.prepare<[], string>('SELECT observation FROM pending ORDER BY id').pluck();
  for (const observation of pending.iterate())
    yield { row: 'pending', observation: decodePending(observation) };
}

function* changes(log: SqliteLog, bounds: Bounds): Generator<LedgerRow> {
  for (let after = bounds.floor; after < bounds.head; ) {
    const page = log.page(after, rowsAtOnce, bounds);
    for (const { epoch: _epoch, ...change } of page.changes) yield { row: 'change', ...change };
    after = page.next;
  }
}

/** An import under way: one transaction over all batches, so that a bad row at the end leaves nothing behind. */
export class SqliteImport {
  readonly #db: Db;
  readonly #index: SqliteIndex;
  readonly #log: SqliteLog;
  readonly #pending: SqlitePending;
  readonly #sql;
  #epoch = '';
  #stampedAt = 0;

  /** @throws UNAVAILABLE if the ledger is not empty */
  constructor(db: Db, names: SqliteNames, head: number) {
    this.#db = db;
    this.#index = new SqliteIndex(db, names, unbounded);
    this.#log = new SqliteLog(db, names, rowsAtOnce);
    this.#pending = new SqlitePending(db);
    this.#sql = {
      holdsAnything: db.prepare(
        `SELECT 1 FROM (SELECT 1 FROM repository UNION ALL SELECT 1 FROM delivery UNION ALL SELECT 1 FROM pending
           UNION ALL SELECT 1 FROM meta WHERE head > 0) LIMIT 1`,
      ),
      header: db.prepare('UPDATE meta SET epoch = ?, head = ?, floor = ?, recorded_at = ?, stamped_at = ?'),
    };
    db.exec('BEGIN IMMEDIATE');
    if (this.#sql.holdsAnything.get() === undefined) return;
    db.exec('ROLLBACK');
    throw refuseNotEmpty(head);
  }

  add(rows: readonly LedgerRow[]): void {
    for (const row of rows) this.#add(row);
  }

  #add(row: LedgerRow): void {
    switch (row.row) {
      case 'header':
        this.#epoch = row.epoch;
        this.#stampedAt = importedClock(row).stampedAt;
        this.#sql.header.run(row.epoch, row.head, row.floor, row.recordedAt, this.#stampedAt);
        return;
      case 'change':
        return this.#log.append({ epoch: this.#epoch, ...row });
      case 'tag':
        return this.#index.putTag(row);
      case 'manifest':
        return this.#index.putManifest(row);
      case 'baseline':
        return this.#index.putBaseline(row, row.scope);
      case 'delivery':
        return this.#index.remember(row.key, row.at);
      case 'pending':
        this.#pending.add(row.observation, row.observation.keptAt ?? this.#stampedAt);
        return;
      case 'end':
        return;
    }
  }

  commit(): void {
    this.#db.exec('COMMIT');
  }

  abort(): void {
    if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
  }
}
