import { existsSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultLimits } from '../../../../src/ledger/options.ts';
import { openSqliteFile } from '../../../../src/ledger/sqlite/schema.ts';
import { SqliteStore, type SqliteStoreOptions } from '../../../../src/ledger/sqlite/store.ts';
import { type LedgerFolder, ledgerFolder } from '../../../support/ledger-files.ts';
import { manifestSeen, tagSeen } from '../../../support/ledger-samples.ts';

const t = Date.UTC(2026, 0, 1);
const record = (...tags: string[]) => ({
  kind: 'record' as const,
  observations: tags.map((tag) => tagSeen(tag, 'one', t)),
  settles: [],
});
const many = (prefix: string, count: number) =>
  record(...Array.from({ length: count }, (_, i) => `${prefix}${i}`));

describe('SqliteStore', () => {
  let folder: LedgerFolder;
  let options: SqliteStoreOptions;
  const stores: SqliteStore[] = [];

  const open = (more: Partial<SqliteStoreOptions> = {}) => {
    const store = new SqliteStore({ ...options, ...more });
    stores.push(store);
    return store;
  };

  beforeEach(() => {
    folder = ledgerFolder();
    options = {
      path: folder.path,
      epoch: 'epoch001',
      openedAt: 0,
      busyTimeoutMs: 10,
      maxFileBytes: null,
      retention: { maxChanges: 1_000, maxAgeMs: 3_600_000 },
      limits: { ...defaultLimits, maxTrimmedAtOnce: 100 },
    };
  });
  afterEach(() => {
    for (const store of stores.splice(0)) store.close();
    folder.remove();
  });

  test('a full disk refuses the group, keeps what was there, and records again when there is room', () => {
    const store = open({ maxFileBytes: 400 * 1024, retention: { maxChanges: 10, maxAgeMs: 3_600_000 } });
    let group = 0;
    const fillUp = () => {
      for (; ; group++) store.commit([record(`t${group}`)], t);
    };
    expect(fillUp).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
    expect(fillUp).toThrow(/the disk or its quota is full.*SQLITE_FULL/);
    expect(() => store.check()).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
    const { head } = store.bounds();
    expect(head).toBe(group);
    expect(store.read(head - 1, 10).changes).toHaveLength(1);

    while (!store.trim(t).done);
    store.check();
    store.commit([record('after')], t);
    expect(store.bounds().head).toBe(head + 1);
  });

  test('after a refused group check fails until there is room for one as large', () => {
    const store = open({ maxFileBytes: 1024 * 1024, retention: { maxChanges: 10, maxAgeMs: 3_600_000 } });
    let group = 0;
    expect(() => {
      for (; ; group++) store.commit([many(`large${group}-`, 200)], t);
    }).toThrow(/SQLITE_FULL/);
    store.commit([record('small')], t);
    store.commit([{ ...record(), observations: Array(200).fill(tagSeen('small', 'one', t)) }], t);
    expect(() => store.check()).toThrow(/check the ledger: the disk or its quota is full/);
    expect(() => store.check()).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));

    while (!store.trim(t).done);
    store.commit([many('after', 200)], t);
    store.check();
  });

  test('after a refused group check passes when the disk takes as much again', () => {
    const file = openSqliteFile(options);
    const store = new SqliteStore(options, file);
    stores.push(store);
    const pages = Number(file.db.pragma('page_count', { simple: true }));
    file.db.pragma(`max_page_count = ${pages + 20}`);
    store.check();
    expect(() => store.commit([many('t', 1_000)], t)).toThrow(/SQLITE_FULL/);
    expect(() => store.check()).toThrow(/SQLITE_FULL/);
    expect(() => store.check()).toThrow(/SQLITE_FULL/);
    file.db.pragma(`max_page_count = ${pages + 10_000}`);
    store.check();
    store.commit([many('t', 1_000)], t);
  });

  test('a lock held by another program refuses for its duration, and the ledger lives on', () => {
    const store = open();
    const other = new Database(folder.path);
    other.exec('BEGIN IMMEDIATE');
    expect(() => store.commit([record('a')], t)).toThrow(/another program holds a lock.*SQLITE_BUSY/);
    expect(() => store.check()).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
    expect(store.read(0, 10).changes).toEqual([]);
    other.exec('ROLLBACK');
    other.close();
    store.check();
    expect(store.commit([record('a')], t)).toMatchObject([{ recorded: { changes: [{ sequence: 1 }] } }]);
  });

  test('a defect in one call stores nothing of its group', () => {
    const store = open();
    store.commit([record('a')], t);
    const broken = { ...record('b'), observations: [tagSeen('b', 'one', t, { size: 1.5 })] };
    expect(() => store.commit([record('c'), broken], t)).toThrow();
    expect(store.bounds().head).toBe(1);
    expect(store.queries.listTags({ limit: 10 }).tags.map(({ tag }) => tag)).toEqual(['a']);
    store.commit([record('d')], t);
    expect(store.read(0, 10).changes.map(({ sequence, tag }) => `${sequence} ${tag}`)).toEqual([
      '1 a',
      '2 d',
    ]);
  });

  test('names first written in a group that was rolled back are written again', () => {
    const store = open();
    const elsewhere = { repository: 'new/repository', origin: 'webhook:new' };
    const broken = { ...record(), observations: [tagSeen('b', 'one', t, { ...elsewhere, size: 1.5 })] };
    expect(() => store.commit([broken], t)).toThrow();
    store.commit([{ ...record(), observations: [tagSeen('b', 'one', t, elsewhere)] }], t);
    expect(store.read(0, 1).changes).toMatchObject([elsewhere]);
  });

  test('retention goes in bounded steps', () => {
    const store = open({ retention: { maxChanges: 50, maxAgeMs: 3_600_000 } });
    store.commit([many('t', 500)], t);
    const floors: number[] = [];
    for (let step = store.trim(t); ; step = store.trim(t)) {
      floors.push(step.bounds.floor);
      if (step.done) break;
    }
    expect(floors).toEqual([100, 200, 300, 400, 450]);
  });

  test('a file that was moved away takes nothing more, and records again when it is put back', () => {
    const store = open();
    store.commit([record('a')], t);
    renameSync(folder.path, `${folder.path}.elsewhere`);
    expect(() => store.commit([record('b')], t)).toThrow(
      expect.objectContaining({ code: 'UNAVAILABLE', message: expect.stringMatching(/deleted or moved/) }),
    );
    expect(() => store.check()).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
    expect(store.bounds().head).toBe(1);

    writeFileSync(folder.path, '');
    expect(() => store.commit([record('b')], t)).toThrow(/another file is at its path/);

    renameSync(`${folder.path}.elsewhere`, folder.path);
    store.check();
    store.commit([record('b')], t);
    expect(store.bounds().head).toBe(2);
  });

  test('a write-ahead log that was deleted takes nothing more: the newest changes are only there', () => {
    const store = open();
    store.commit([record('a')], t);
    rmSync(`${folder.path}-wal`);
    expect(() => store.commit([record('b')], t)).toThrow(/deleted or moved/);
    expect(() => store.check()).toThrow(/deleted or moved/);
  });

  test('a file opened through a symbolic link is held while the link points at it', () => {
    const link = `${folder.path}.link`;
    symlinkSync(folder.path, link);
    const store = open({ path: link });
    store.commit([record('a')], t);
    rmSync(link);
    expect(() => store.check()).toThrow(/deleted or moved/);
  });

  test('digests without a tag go in bounded steps, each from where the one before stopped', () => {
    const file = openSqliteFile(options);
    const store = new SqliteStore(options, file);
    stores.push(store);
    const count = file.db.prepare<[], number>('SELECT count(*) FROM manifest').pluck();
    const bare = (of: number) =>
      Array.from({ length: 110 }, (_, i) => manifestSeen(`${i}`, t, { repository: `team/r${of}` }));
    store.commit([{ ...record('a', 'b'), observations: [0, 1, 2].flatMap(bare) }, record('a', 'b')], t);
    const later = t + options.retention.maxAgeMs;
    expect(store.trim(later)).toMatchObject({ done: false });
    while (!store.trim(later).done);
    expect(count.get()).toBe(331);

    const left: (number | undefined)[] = [];
    for (let done = false; !done; left.push(count.get())) done = store.trim(later + 1).done;
    expect(left.slice(-4)).toEqual([231, 131, 31, 1]);
    expect(left.slice(0, -4)).toEqual(left.slice(0, -4).map(() => 331));
  });

  test('a second gateway on the same file is told so, and may have it after the first has closed', () => {
    const store = open();
    expect(() => open()).toThrow(
      /another gateway has it: .*: stop that one, or name another file with --ledger/,
    );
    store.commit([record('a')], t);
    store.close();
    stores.length = 0;
    expect(open({ epoch: 'epoch002' }).bounds()).toEqual({ epoch: 'epoch001', floor: 0, head: 1 });
  });

  test('the file may be looked at and backed up while the gateway has it', () => {
    const store = open();
    store.commit([record('a')], t);
    const reader = new Database(folder.path, { readonly: true });
    expect(reader.prepare('SELECT count(*) FROM change').pluck().get()).toBe(1);
    reader.close();
  });

  test("another program's database is refused and left alone", () => {
    const other = new Database(folder.path);
    other.exec('CREATE TABLE theirs (x)');
    other.close();
    expect(() => open()).toThrow(/another program's database: must be a Manifeed ledger or a new file/);
  });

  test('a file that is no database is refused', () => {
    writeFileSync(folder.path, 'a text, and not a short one, that somebody wrote '.repeat(40));
    expect(() => open()).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
    expect(() => open()).toThrow(/not a SQLite database/);
  });

  test('a file of a newer schema is refused with both numbers', () => {
    open().close();
    stores.length = 0;
    const newer = new Database(folder.path);
    newer.pragma('user_version = 7');
    newer.close();
    expect(() => open()).toThrow(/its schema is 7, of a newer Manifeed: must be at most \d/);
  });

  test('a folder that cannot be made is refused with the path', () => {
    writeFileSync(folder.path, '');
    const path = `${folder.path}/inside/a-file.db`;
    expect(() => open({ path })).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
    expect(() => open({ path })).toThrow(path);
    expect(existsSync(path)).toBe(false);
  });

  test('a ledger that turns read-only refuses and works again when it no longer is', () => {
    const file = openSqliteFile(options);
    const store = new SqliteStore(options, file);
    stores.push(store);
    store.commit([record('a')], t);
    // Not by the file's mode: root, as which containers run tests, may write whatever that says.
    file.db.pragma('query_only = 1');
    expect(() => store.commit([record('b')], t)).toThrow(/the file is read-only.*SQLITE_READONLY/);
    file.db.pragma('query_only = 0');
    store.commit([record('b')], t);
    expect(store.bounds().head).toBe(2);
  });
});
