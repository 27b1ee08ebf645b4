import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManifeedError } from '../../../../src/errors.ts';
import { SqliteHealth } from '../../../../src/ledger/sqlite/health.ts';
import { openSqliteLedger } from '../../../../src/ledger/sqlite/sqlite.ts';
import { noLog } from '../../../../src/lib/log.ts';
import { countingMetrics } from '../../../support/counting-metrics.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { type LedgerFolder, ledgerFolder } from '../../../support/ledger-files.ts';
import { tagSeen } from '../../../support/ledger-samples.ts';

let folder: LedgerFolder;
beforeEach(() => {
  folder = ledgerFolder();
});
afterEach(() => folder.remove());

const corrupt = () => new Database.SqliteError('database disk image is malformed', 'SQLITE_CORRUPT');
const ioError = () => new Database.SqliteError('disk I/O error', 'SQLITE_IOERR_READ');

describe('SqliteHealth', () => {
  const health = (found: string | null) => {
    new Database(folder.path).exec('CREATE TABLE t (x)').close();
    return new SqliteHealth(folder.path, () => found);
  };

  test('says that the file is damaged only after a check found it so', () => {
    const ill = health(null);
    expect(ill.refuse('record', ioError())).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('the disk failed'),
    });
    const refused = ill.refuse('record', corrupt());
    expect(refused).toBeInstanceOf(ManifeedError);
    expect(String(refused)).toMatch(/a check found the file whole: the disk or the memory may be failing/);
    expect(String(refused)).not.toMatch(/the file is damaged|restore/);
    expect(() => ill.assertWhole('record')).not.toThrow();
    expect(ill.takeNotices()).toEqual([]);
  });

  test('refuses for good once the check found damage, and tells it once', () => {
    const ill = health('Tree 5 page 9: wrong');
    expect(String(ill.refuse('read', corrupt()))).toMatch(
      /the file is damaged \(Tree 5 page 9: wrong\).*restore/,
    );
    expect(() => ill.assertWhole('record')).toThrow(/record: the file is damaged/);
    ill.refuse('read', corrupt());
    expect(ill.takeNotices()).toEqual([{ kind: 'damaged', reason: 'Tree 5 page 9: wrong' }]);
    expect(ill.takeNotices()).toEqual([]);
  });

  test('keeps a bounded number of notices for the next reply', () => {
    const busy = health(null);
    for (let floor = 0; floor < 500; floor++) busy.note({ kind: 'changes-lost', floor, reason: '' });
    expect(busy.takeNotices()).toHaveLength(100);
  });
});

test('what is lost is logged and counted by the gateway, and a gauge says that nothing is stored', async () => {
  const clock = fakeClock();
  const metrics = countingMetrics();
  const lines: string[] = [];
  const log = { ...noLog, error: (_fields: object, message: string) => lines.push(message) };
  const options = {
    ...{ path: folder.path, clock, random: Math.random, log, metrics },
    retention: { maxChanges: 1_000, maxAgeMs: 3_600_000 },
  };
  const first = await openSqliteLedger(options);
  await first.record(['a', 'b', 'c'].map((tag) => tagSeen(tag, tag, clock.now())));
  await first.close();
  const db = new Database(folder.path);
  db.exec("DELETE FROM change WHERE sequence = 2; UPDATE tag SET size = 7 WHERE name = 'c'");
  db.close();
  const ledger = await openSqliteLedger(options);
  expect(metrics.value('ledger_damaged')).toBe(0);
  // The scrub finds both, a while after the opening.
  clock.advance(60_000);
  while (lines.length < 2) {
    clock.advance(100);
    await new Promise(setImmediate);
  }
  expect(await ledger.bounds()).toMatchObject({ floor: 2, head: 3 });
  expect(lines[0]).toMatch(/lost changes/);
  expect(lines[1]).toMatch(/damaged: it stores nothing more/);
  expect(metrics.value('ledger_losses_total')).toBe(2);
  expect(metrics.value('ledger_damaged')).toBe(1);
  await expect(ledger.check()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await ledger.close();
});

test('a file that this user may not write is refused by owner and mode, without a stack trace', async () => {
  const options = {
    ...{ path: folder.path, clock: fakeClock(), random: Math.random },
    retention: { maxChanges: 10, maxAgeMs: 3_600_000 },
  };
  await (await openSqliteLedger(options)).close();
  chmodSync(folder.path, 0o444);
  // To root every file is writable, so the one who tries is nobody.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) for (const path of [dirname(folder.path)]) chownSync(path, 65_534, 65_534);
  const schema = fileURLToPath(new URL('../../../../src/ledger/sqlite/schema.ts', import.meta.url));
  const script = `
    const { openSqliteFile } = await import(${JSON.stringify(schema)});
    if (${isRoot}) process.setuid(65534);
    try {
      openSqliteFile({ path: ${JSON.stringify(folder.path)}, epoch: 'e', openedAt: 0, busyTimeoutMs: 1, maxFileBytes: null });
    } catch (error) { console.log(error.code, error.message); }`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(stdout).toMatch(
    new RegExp(
      `^UNAVAILABLE open ledger .*: this user may not read and write the file \\(owner ${statSync(folder.path).uid}, mode 444; the gateway runs as \\d+\\)`,
    ),
  );
});
