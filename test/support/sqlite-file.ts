/** A SQLite ledger's file for tests that alter it behind the ledger's back. */
import { copyFileSync, existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect } from 'vitest';
import { defaultLimits } from '../../src/ledger/options.ts';
import { SqliteStore, type SqliteStoreOptions } from '../../src/ledger/sqlite/store.ts';
import { type LedgerFolder, ledgerFolder } from './ledger-files.ts';
import { tagSeen, where } from './ledger-samples.ts';

export const t = Date.UTC(2026, 0, 1);
export const repository = `${where.registry}/${where.repository}`;
export const tags = (prefix: string, count: number) => ({
  kind: 'record' as const,
  observations: Array.from({ length: count }, (_, i) => tagSeen(`${prefix}${i}`, `${prefix}${i}`, t)),
  settles: [],
});

/** One SQLite file, and the stores that have it open. Register it in a `describe`. */
export function sqliteFile() {
  let folder: LedgerFolder;
  let options: SqliteStoreOptions;
  let opened = 0;
  const stores = new Set<SqliteStore>();

  /** Each opening offers another epoch. */
  const open = (path = folder.path) => {
    const store = new SqliteStore({ ...options, path, epoch: `epoch${opened++}` });
    stores.add(store);
    return store;
  };
  const close = (store: SqliteStore) => {
    stores.delete(store);
    store.close();
  };
  const commit = (store: SqliteStore, prefix: string, count: number) =>
    store.commit([tags(prefix, count)], t);
  /** A copy of the closed file. */
  const backUp = () => copyFileSync(folder.path, `${folder.path}.backup`);
  const restore = () => {
    for (const suffix of ['-wal', '-shm']) rmSync(`${folder.path}${suffix}`, { force: true });
    copyFileSync(`${folder.path}.backup`, folder.path);
  };
  /** What a killed process leaves: the files as they are while it runs. */
  const copyRunning = (to: string) => {
    for (const suffix of ['', '-wal', '.head'])
      if (existsSync(folder.path + suffix)) copyFileSync(folder.path + suffix, to + suffix);
  };
  const alter = (sql: string, ...values: unknown[]) => {
    const db = new Database(folder.path);
    db.prepare(sql).run(...values);
    db.close();
  };
  const refused = (found: RegExp) =>
    expect.objectContaining({ code: 'UNAVAILABLE', message: expect.stringMatching(found) });
  const notices = (store: SqliteStore) => store.health.takeNotices().map(({ kind }) => kind);

  beforeEach(() => {
    folder = ledgerFolder();
    opened = 0;
    options = {
      path: folder.path,
      epoch: '',
      openedAt: t,
      busyTimeoutMs: 10,
      maxFileBytes: null,
      retention: { maxChanges: 100_000, maxAgeMs: 3_600_000 },
      limits: { ...defaultLimits, maxTrimmedAtOnce: 100 },
    };
  });
  afterEach(() => {
    for (const store of stores) store.close();
    stores.clear();
    folder.remove();
  });

  return {
    get path() {
      return folder.path;
    },
    ...{ open, close, commit, backUp, restore, copyRunning, alter, refused, notices },
  };
}

export function flipByte(path: string, at: number): void {
  const byte = readFileSync(path)[at] ?? 0;
  writeInto(path, at, Buffer.from([byte ^ 1]));
}

/** The descriptor stays open: to close one of a file that SQLite has open drops the locks of this process. */
export function writeInto(path: string, at: number, bytes: Buffer): void {
  writeSync(openSync(path, 'r+'), bytes, 0, bytes.length, at);
}
