import Database from 'better-sqlite3';
import type { Change } from '../../event/change.ts';
import type { Bounds } from '../ledger.ts';
import { importedClock } from '../ledger-clock.ts';
import { decodePending } from '../pending-codec.ts';
import { TargetTable, targetRows } from '../target-table.ts';
import { type LedgerRow, refuseNotEmpty, transferFormat } from '../transfer.ts';
import { SqliteClock } from './clock.ts';
import { decodeDigest } from './codec.ts';
import { SqliteTargets } from './cursors.ts';
import { SqliteIndex, type StoredManifestRow, type StoredTag } from './index-rows.ts';
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
  type StoredManifest = StoredManifestRow & { repository_id: number; digest: Buffer };
  for (const row of db.prepare<[], StoredManifest>('SELECT * FROM manifest').iterate()) {
    const { registry, repository } = names.repository(row.repository_id);
    const digest = decodeDigest(row.digest);
    yield { row: 'manifest', registry, repository, digest, ...index.toManifestRow(row) };
  }
  type StoredBaseline = { repository_id: number; scope: string };
  for (const row of db.prepare<[], StoredBaseline>('SELECT * FROM baseline ORDER BY id').iterate()) {
    const { registry, repository } = names.repository(row.repository_id);
    yield { row: 'baseline', registry, repository, scope: row.scope };
  }
  type Listed = { registry: string; repository: string; wholeAt: number; readAt: number };
  const listed = db.prepare<[], Listed>(
    `SELECT registry, name AS repository, whole_at AS wholeAt, read_at AS readAt FROM repository
       WHERE whole_at IS NOT NULL AND read_at IS NOT NULL`,
  );
  for (const row of listed.iterate()) yield { row: 'listed', ...row };
  type StoredDelivery = { key: string; at: number };
  for (const { key, at } of db.prepare<[], StoredDelivery>('SELECT * FROM delivery ORDER BY id').iterate())
    yield { row: 'delivery', key, at };
  const pending = db.prepare<[], string>('SELECT observation FROM pending ORDER BY id').pluck();
  for (const observation of pending.iterate())
    yield { row: 'pending', observation: decodePending(observation) };
  yield* targetRows(new SqliteTargets(db).all());
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
  readonly #names: SqliteNames;
  readonly #index: SqliteIndex;
  readonly #log: SqliteLog;
  readonly #pending: SqlitePending;
  readonly #targets: TargetTable;
  readonly #sql;
  #epoch = '';
  #stampedAt = 0;

  /** @throws UNAVAILABLE if the ledger is not empty */
  constructor(db: Db, names: SqliteNames, head: number) {
    this.#db = db;
    this.#index = new SqliteIndex(db, names, unbounded);
    this.#log = new SqliteLog(db, names, rowsAtOnce);
    this.#pending = new SqlitePending(db);
    this.#targets = new TargetTable(new SqliteTargets(db), most);
    db.exec('BEGIN IMMEDIATE');
    const anything = db.prepare(
      `SELECT 1 FROM (SELECT 1 FROM repository UNION ALL SELECT 1 FROM delivery UNION ALL SELECT 1 FROM pending
         UNION ALL SELECT 1 FROM meta WHERE head > 0) LIMIT 1`,
    );
    if (anything.get() !== undefined) {
      db.exec('ROLLBACK');
      throw refuseNotEmpty(head);
    }
    db.exec(`CREATE TEMP TABLE newest (repository_id INTEGER, tag TEXT, sequence INTEGER,
      PRIMARY KEY (repository_id, tag)) WITHOUT ROWID`);
    this.#names = names;
    this.#sql = {
      header: db.prepare('UPDATE meta SET epoch = ?, head = ?, floor = ?, recorded_at = ?, stamped_at = ?'),
      newest: db
        .prepare<[number, string], number>(
          'SELECT sequence FROM temp.newest WHERE repository_id = ? AND tag = ?',
        )
        .pluck(),
      putNewest: db.prepare<[number, string, number]>('INSERT OR REPLACE INTO temp.newest VALUES (?, ?, ?)'),
    };
  }

  add(rows: readonly LedgerRow[]): void {
    for (const row of rows) this.#add(row);
    this.#index.end();
  }

  #add(row: LedgerRow): void {
    switch (row.row) {
      case 'header':
        this.#epoch = row.epoch;
        this.#stampedAt = importedClock(row).stampedAt;
        this.#sql.header.run(row.epoch, row.head, row.floor, row.recordedAt, this.#stampedAt);
        return;
      case 'change':
        return this.#append({ epoch: this.#epoch, ...row });
      case 'tag':
        return this.#index.putTag(row);
      case 'manifest':
        return this.#index.putManifest(row);
      case 'baseline':
        return this.#index.putBaseline(row, row.scope);
      case 'listed':
        return this.#index.putListMarks(row, row);
      case 'delivery':
        return this.#index.remember(row.key, row.at);
      case 'pending':
        this.#pending.add(row.observation, row.observation.keptAt ?? this.#stampedAt);
        return;
      case 'target':
        return this.#targets.import(row, this.#stampedAt);
      case 'end':
        return;
    }
  }

  /** Tags come after the changes, so their rows cannot tell yet which change was a tag's newest. */
  #append(change: Change): void {
    if (change.tag === null) return this.#log.append(change, 0);
    const id = this.#names.repositoryId(change);
    this.#log.append(change, this.#sql.newest.get(id, change.tag) ?? 0);
    this.#sql.putNewest.run(id, change.tag, change.sequence);
  }

  commit(): void {
    this.#db.exec('DROP TABLE temp.newest; COMMIT');
  }

  abort(): void {
    if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
  }
}
