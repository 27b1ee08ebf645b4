/** Files of earlier versions, made by the code of their time, open with their positions and go on. */
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultLimits } from '../../../../src/ledger/options.ts';
import { exportSqlite, isOldSqlite, sqliteFacts } from '../../../../src/ledger/sqlite/reader.ts';
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
    expect(ledger.queries.listTags({ limit: 100 }).tags.map(({ tag }) => tag)).toEqual(
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

  describe('of schema 2', () => {
    const hub = { registry: 'docker.io', repository: 'library/nginx' };
    const clock = [madeBySchema2.now, 0] as const;
    beforeEach(() => copyFileSync(fixture('schema-2.db'), folder.path));

    test('G11: keep epoch, positions and everything that they held', () => {
      const ledger = open();
      const { epoch, now } = madeBySchema2;
      expect(ledger.bounds()).toEqual({ epoch, floor: 6, head: 36 });
      expect(ledger.read(6, 100).changes.map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: 30 }, (_, i) => 7 + i),
      );
      const { tags } = ledger.queries.listTags({ limit: 100 });
      expect(tags.map((row) => `${row.repository}:${row.tag} ${row.sequence}`)).toEqual(madeBySchema2.tags);
      expect(ledger.baselines(where.registry, where.repository)).toEqual(['*', '1.*']);
      expect(ledger.claimPending(10, 1_000, now)).toMatchObject([{ observation: { tag: 'p' } }]);
      const again = [
        tagSeen('v1', 'else', now, { dedupeKey: 'd1' }),
        tagGone('v3', now),
        tagSeen('n', 'x', now),
      ];
      expect(ledger.commit([{ kind: 'record', observations: again, settles: [] }], now)).toMatchObject([
        { recorded: { outcomes: ['duplicate', 'unchanged', 'changed'], changes: [{ epoch, sequence: 37 }] } },
      ]);
    });

    test('answer every query from what they held', () => {
      const { queries } = open();
      const at = queries.tagsAt({ digest: digestOf('w1'), limit: 10 }).tags;
      expect(at.map(({ repository, tag }) => `${repository}:${tag}`)).toEqual([
        'library/nginx:stable',
        ...['v1', 'v11', 'v6'].map((tag) => `library/base:${tag}`),
      ]);
      const moved = queries.listTags({ sort: 'updated', order: 'desc', limit: 3 }).tags;
      expect(moved.map(({ tag }) => tag)).toEqual(['nodigest', 'v4', 'looked']);
      const history = queries.history({ of: { ...hub, tag: 'latest' }, limit: 10 }).changes;
      expect(history.map(({ sequence }) => sequence)).toEqual([20, 19, 18, 17, 16, 15, 13]);
      expect(queries.listRepositories({ limit: 10 }, ...clock).repositories).toMatchObject([
        { ...hub, tags: 2, polled: false, listed: null, lastChange: { sequence: 20 } },
        { ...where, tags: 11, polled: true, listed: null, lastChange: { sequence: 36 } },
      ]);
      expect(queries.states([{ ...where, tag: 'v0' }], ...clock)).toMatchObject([
        { present: true, sequence: 1, checkedAgeMs: null },
      ]);
      expect(queries.digests(where, [digestOf('bare'), digestOf('ended')])).toEqual([
        { present: true, mediaType: null, size: null },
        { present: false, mediaType: null, size: null },
      ]);
    });

    test('killed in the middle of the update go on from there, and end as without a kill', () => {
      const whole = ledgerFolder();
      copyFileSync(fixture('schema-2.db'), whole.path);
      new SqliteStore({ ...options, path: whole.path }).close();
      const expected = [...exportSqlite(whole.path)];
      expect(expected.filter((row) => row.row === 'tag')).toHaveLength(19);
      for (const nth of [1, 3, 4]) {
        expect(killedInUpdate(folder.path, nth)).toBe('SIGKILL');
        expect(isOldSqlite(folder.path)).toBe(true);
      }
      open().close();
      store = null;
      expect(isOldSqlite(folder.path)).toBe(false);
      expect([...exportSqlite(folder.path)]).toEqual(expected);
      expect({ ...sqliteFacts(folder.path), bytes: 0, logBytes: 0, owner: null }).toEqual({
        ...sqliteFacts(whole.path),
        ...{ bytes: 0, logBytes: 0, owner: null },
      });
      const tables = tablesOf(folder.path);
      expect(tables).toEqual(tablesOf(whole.path));
      whole.remove();
    });
  });

  test('G11: a file of schema 3 keeps all that it held, and can hold where targets are', () => {
    copyFileSync(fixture('schema-3.db'), folder.path);
    const ledger = open();
    const { epoch, now } = madeBySchema3;
    expect(ledger.bounds()).toEqual({ epoch, floor: 0, head: 24 });
    expect(
      ledger.queries
        .listTags({ limit: 100 })
        .tags.map((row) => `${row.repository}:${row.tag} ${row.sequence}`),
    ).toEqual(madeBySchema3.tags);
    expect(ledger.claimPending(10, 1_000, now)).toMatchObject([{ observation: { tag: 'p' } }]);
    expect(ledger.claimTurns(10, 1_000, now)).toMatchObject([{ observation: { tag: 'turn' } }]);
    expect(ledger.manifests.getManifest(manifest.digest)?.bytes).toEqual(manifest.bytes);
    expect(ledger.cursors.listTargets(now, 0)).toEqual([]);
    const [held] = ledger.cursors.claimTargets(['hooks'], 'g1', 10_000, now, 0);
    expect(held).toMatchObject({ isNew: true, cursor: { epoch, low: 24, done: [] } });
    ledger.close();
    expect(open().cursors.listTargets(now, 0)).toMatchObject([{ name: 'hooks', cursor: { low: 24 } }]);
  });

  test.each(['schema-1.db', 'schema-2.db', 'schema-3.db'])(
    'the updated file %s has the tables of a new one',
    (name) => {
      copyFileSync(fixture(name), folder.path);
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
    },
  );
});

/** What the code of schema 1 said of the file when it made it. */
const madeBySchema1 = { epoch: '7elsz6dk', now: 1_767_225_610_000 };
const madeBySchema2 = {
  epoch: '2chema2x',
  now: 1_767_227_220_000,
  tags: [
    'library/nginx:latest 20',
    'library/nginx:stable 14',
    'library/base:looked 21',
    'library/base:nodigest 36',
    'library/base:v0 1',
    'library/base:v1 2',
    'library/base:v10 11',
    'library/base:v11 12',
    'library/base:v4 24',
    'library/base:v5 6',
    'library/base:v6 7',
    'library/base:v8 9',
    'library/base:v9 10',
  ],
};

const madeBySchema3 = {
  epoch: '3chema3x',
  now: 1_767_225_611_000,
  tags: [
    'library/nginx:latest 21',
    'library/nginx:stable 14',
    'library/base:looked 22',
    'library/base:v0 1',
    'library/base:v1 2',
    'library/base:v10 11',
    'library/base:v11 12',
    'library/base:v2 3',
    'library/base:v4 5',
    'library/base:v5 6',
    'library/base:v6 7',
    'library/base:v7 8',
    'library/base:v8 9',
    'library/base:v9 10',
  ],
};
/** What the code of schema 3 kept as a manifest: the bytes need not be one. */
const manifest = { digest: digestOf('{"a manifest":1}'), bytes: Buffer.from('{"a manifest":1}') };

/** Updates the file in steps of two rows, and kills the process at the n-th. Returns how it ended. */
function killedInUpdate(path: string, nth: number): NodeJS.Signals | null {
  const support = (name: string) => fileURLToPath(new URL(`../../../support/${name}`, import.meta.url));
  const command = ['--import', support('failpoints.ts'), support('migrate-in-steps.ts'), path];
  const env = { ...process.env, FAILPOINT: `sqlite.in-migration:${nth}` };
  return spawnSync(process.execPath, command, { env }).signal;
}

function tablesOf(path: string): unknown[] {
  const db = new Database(path, { readonly: true });
  const rows = ['tag', 'repository'].map((table) => db.prepare(`SELECT * FROM ${table}`).all());
  db.close();
  return rows;
}
