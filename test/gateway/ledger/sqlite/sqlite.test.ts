import { renameSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Ledger } from '../../../../src/ledger/ledger.ts';
import { openSqliteLedger, type SqliteLedgerOptions } from '../../../../src/ledger/sqlite/sqlite.ts';
import { noLog } from '../../../../src/lib/log.ts';
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts';
import { type LedgerFolder, ledgerFolder } from '../../../support/ledger-files.ts';
import { tagSeen } from '../../../support/ledger-samples.ts';

describe('the SQLite ledger', () => {
  let folder: LedgerFolder;
  let clock: FakeClock;
  let t: number;
  let options: SqliteLedgerOptions;
  const ledgers: Ledger[] = [];

  const open = async (more: Partial<SqliteLedgerOptions> = {}) => {
    const ledger = await openSqliteLedger({ ...options, ...more });
    ledgers.push(ledger);
    return ledger;
  };
  const tags = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, i) => tagSeen(`${prefix}${i}`, 'one', t));

  beforeEach(() => {
    folder = ledgerFolder();
    clock = fakeClock();
    t = clock.now();
    options = {
      path: folder.path,
      clock,
      random: Math.random,
      retention: { maxChanges: 10_000, maxAgeMs: 3_600_000 },
      busyTimeoutMs: 10,
    };
  });
  afterEach(async () => {
    for (const ledger of ledgers.splice(0)) await ledger.close();
    folder.remove();
  });

  test('rejects while another program locks the file, reads on, and records when it is free', async () => {
    const ledger = await open();
    await ledger.record([tagSeen('a', 'one', t)]);
    const other = new Database(folder.path);
    other.exec('BEGIN IMMEDIATE');
    await expect(ledger.record([tagSeen('b', 'one', t)])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(ledger.check()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect((await ledger.read(0, 10)).changes).toHaveLength(1);
    other.exec('ROLLBACK');
    other.close();
    await ledger.check();
    expect((await ledger.record([tagSeen('b', 'one', t)])).changes).toMatchObject([{ sequence: 2 }]);
  });

  test('rejects when the file may grow no more, and stays open for readers', async () => {
    const ledger = await open({ maxFileBytes: 150 * 1024 });
    await expect(ledger.record(tags('t', 5_000))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await ledger.bounds()).toMatchObject({ floor: 0, head: 0 });
    await ledger.record([tagSeen('a', 'one', t)]);
    expect((await ledger.read(0, 10)).changes).toHaveLength(1);
  });

  test('a file that was moved away refuses, is logged once with its path, and at most once a minute', async () => {
    const lines: object[] = [];
    const note = (fields: object, message: string) => lines.push({ ...fields, message });
    const ledger = await open({ log: { ...noLog, error: note } });
    renameSync(folder.path, `${folder.path}.elsewhere`);
    const refused = { code: 'UNAVAILABLE', message: expect.stringContaining('deleted or moved') };
    await expect(ledger.record([tagSeen('a', 'one', t)])).rejects.toMatchObject(refused);
    await expect(ledger.check()).rejects.toMatchObject(refused);
    expect(lines).toEqual([
      {
        path: folder.path,
        reason: expect.stringContaining('deleted or moved'),
        message: 'ledger refuses to store',
      },
    ]);
    renameSync(`${folder.path}.elsewhere`, folder.path);
    await ledger.check();
    await ledger.record([tagSeen('a', 'one', t)]);
    renameSync(folder.path, `${folder.path}.elsewhere`);
    await expect(ledger.check()).rejects.toMatchObject(refused);
    expect(lines).toHaveLength(1);
    clock.advance(60_000);
    await expect(ledger.check()).rejects.toMatchObject(refused);
    expect(lines).toHaveLength(2);
  });

  test('a call that trips over a defect does not take the calls beside it with it', async () => {
    const ledger = await open();
    const results = await Promise.allSettled([
      ledger.record([tagSeen('a', 'one', t)]),
      ledger.record([tagSeen('b', 'one', t, { size: 0.5 })]),
      ledger.record([tagSeen('c', 'one', t)]),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const { changes } = await ledger.read(0, 10);
    expect(changes.map(({ tag }) => tag)).toEqual(['a', 'c']);
  });

  test('refuses observations over the bound on what waits for the disk', async () => {
    const ledger = await open({ limits: { maxWaitingObservations: 10 } });
    const first = ledger.record(tags('a', 10));
    await expect(ledger.record(tags('b', 1))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect((await first).changes).toHaveLength(10);
    expect((await ledger.record(tags('b', 1))).changes).toHaveLength(1);
  });

  test('refuses reads over the bound on what waits for a turn', async () => {
    const ledger = await open({ limits: { maxWaitingReads: 2 } });
    const reads = Array.from({ length: 20 }, () => ledger.read(0, 10));
    const statuses = (await Promise.allSettled(reads)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 'fulfilled')).toHaveLength(4);
    await expect(ledger.read(0, 10)).resolves.toBeDefined();
  });

  test('records between the steps of a trim', async () => {
    const ledger = await open({
      retention: { maxChanges: 1, maxAgeMs: 3_600_000 },
      limits: { maxTrimmedAtOnce: 10 },
    });
    await ledger.record(tags('t', 2_000));
    const ended: string[] = [];
    await Promise.all([
      ledger.trim().then(() => ended.push('trim')),
      ledger.record(tags('u', 1)).then(() => ended.push('record')),
    ]);
    expect(ended).toEqual(['record', 'trim']);
  });

  test('close waits for the calls under way, and what they stored is there', async () => {
    const ledger = await open();
    const calls = tags('t', 20).map((tag) => ledger.record([tag]));
    await ledger.close();
    expect((await Promise.all(calls)).flatMap(({ changes }) => changes)).toHaveLength(20);
    expect(await (await open()).bounds()).toMatchObject({ head: 20 });
  });

  test('a second gateway on the file gets a clear error, and the first goes on', async () => {
    const ledger = await open();
    await expect(openSqliteLedger(options)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('another gateway has it'),
    });
    await expect(ledger.record([tagSeen('a', 'one', t)])).resolves.toMatchObject({ outcomes: ['changed'] });
  });
});
