/** Files of earlier versions, made by the code of their time, open with their positions and go on. */
import { copyFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultLimits } from '../../../../src/ledger/options.ts';
import { SqliteStore, type SqliteStoreOptions } from '../../../../src/ledger/sqlite/store.ts';
import { schemaVersion } from '../../../../src/ledger/sqlite/tables.ts';
import { fixture, type LedgerFolder, ledgerFolder } from '../../../support/ledger-files.ts';
import { digestOf, tagGone, tagSeen, where } from '../../../support/ledger-samples.ts';

describe('SQLite files of earlier versions', () => {
  let folder: LedgerFolder;
  let options: SqliteStoreOptions;
  let store: SqliteStore | null = null;

  const open = () => {
    store = new SqliteStore(options);
    return store;
  };
  beforeEach(() => {
    folder = ledgerFolder();
    options = {
      path: folder.path,
      epoch: 'newepoch',
      openedAt: 0,
      busyTimeoutMs: 10,
      maxFileBytes: null,
      retention: { maxChanges: 10, maxAgeMs: 30 * 86_400_000 },
      limits: defaultLimits,
    };
  });
  afterEach(() => {
    store?.close();
    store = null;
    folder.remove();
  });

  test('G11: a file of schema 1 keeps its epoch, positions, index, deliveries and waiting tags', () => {
    copyFileSync(fixture('schema-1.db'), folder.path);
    const ledger = open();
    const { epoch, now } = madeBySchema1;
    expect(ledger.bounds()).toEqual({ epoch, floor: 7, head: 17 });
    const { changes } = ledger.read(7, 100);
    expect(changes.map(({ sequence }) => sequence)).toEqual([8, 9, 10, 11, 12, 13, 14, 15, 16, 17]);
    expect(changes[0]).toMatchObject({ epoch, tag: 'v5', digest: digestOf('w5'), ...where });
    expect(ledger.tags({ limit: 100 }).tags.map(({ tag }) => tag)).toEqual(
      ['c', 'old', 's', 'v0', 'v1', 'v2', 'v5', 'v6', 'v7', 'v8', 'v9'].sort((a, b) =>
        a === 'c' ? 1 : b === 'c' ? -1 : a < b ? -1 : 1,
      ),
    );
    expect(ledger.baselines(where.registry, where.repository)).toEqual(['*']);
    expect(ledger.claimPending(10, 1_000, now)).toMatchObject([{ observation: { tag: 'p' } }]);

    const again = [
      tagSeen('v1', 'else', now, { dedupeKey: 'd1' }),
      tagGone('v3', now),
      tagSeen('n', 'x', now),
    ];
    expect(ledger.commit([{ kind: 'record', observations: again, settles: [] }], now)).toMatchObject([
      { recorded: { outcomes: ['duplicate', 'unchanged', 'changed'], changes: [{ epoch, sequence: 18 }] } },
    ]);
    ledger.close();
    expect(open().bounds()).toEqual({ epoch, floor: 7, head: 18 });
  });

  test('an updated file has the tables of a new one', () => {
    copyFileSync(fixture('schema-1.db'), folder.path);
    open().close();
    const columnsOf = (path: string) => {
      const db = new Database(path, { readonly: true });
      const columns = db
        .prepare(
          `SELECT t.name AS "table", c.name, c.type, c."notnull", c.pk FROM sqlite_schema t, pragma_table_info(t.name) c
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, c.name`,
        )
        .all();
      const version = db.pragma('user_version', { simple: true });
      db.close();
      return { columns, version };
    };
    const other = ledgerFolder();
    new SqliteStore({ ...options, path: other.path }).close();
    expect(columnsOf(folder.path)).toEqual(columnsOf(other.path));
    expect(columnsOf(folder.path).version).toBe(schemaVersion);
    other.remove();
    store = null;
  });
});

/** What the code of schema 1 said of the file when it made it. */
const madeBySchema1 = { epoch: '7elsz6dk', now: 1_767_225_610_000 };
