/** What the ledger believes of its file: restored, overwritten, shared, cut off or damaged ones are noticed. */
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultLimits } from '../../../../src/ledger/options.ts';
import { SqliteStore, type SqliteStoreOptions } from '../../../../src/ledger/sqlite/store.ts';
import { type LedgerFolder, ledgerFolder } from '../../../support/ledger-files.ts';
import { tagSeen, where } from '../../../support/ledger-samples.ts';

const t = Date.UTC(2026, 0, 1);
const repository = `${where.registry}/${where.repository}`;
const tags = (prefix: string, count: number) => ({
  kind: 'record' as const,
  observations: Array.from({ length: count }, (_, i) => tagSeen(`${prefix}${i}`, `${prefix}${i}`, t)),
  settles: [],
});

describe('the trust of the SQLite ledger in its file', () => {
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

  describe('G5: an older file', () => {
    test('from a backup is noticed at opening: its epoch is a new one, its changes are kept', () => {
      const first = open();
      commit(first, 'a', 100);
      close(first);
      backUp();
      const second = open();
      expect(second.bounds()).toEqual({ epoch: 'epoch0', floor: 0, head: 100 });
      commit(second, 'b', 110);
      close(second);
      restore();

      const third = open();
      expect(third.bounds()).toEqual({ epoch: 'epoch2', floor: 0, head: 100 });
      expect(third.read(0, 1_000).changes).toHaveLength(100);
      expect(third.health.takeNotices()).toEqual([
        { kind: 'new-epoch', reason: expect.stringMatching(/ends at change 100.* had 210.*older copy/) },
      ]);
      commit(third, 'c', 150);
      close(third);
      expect(open().bounds()).toEqual({ epoch: 'epoch2', floor: 0, head: 250 });
    });

    test.each([
      ['was deleted', (wal: string) => rmSync(wal)],
      ['has a flipped bit', (wal: string) => flipByte(wal, 32 + 24 + 2_000)],
    ])('whose write-ahead log %s is noticed after a kill', (_, harm) => {
      const first = open();
      commit(first, 'a', 3);
      close(first);
      const second = open();
      for (let i = 0; i < 30; i++) commit(second, `b${i}-`, 3);
      const copy = `${folder.path}.copy`;
      copyRunning(copy);
      harm(`${copy}-wal`);

      const third = open(copy);
      expect(third.bounds()).toMatchObject({ epoch: 'epoch2' });
      expect(notices(third)).toEqual(['new-epoch']);
    });

    test('of another epoch is noticed, however many changes it has', () => {
      const other = ledgerFolder();
      const first = open(other.path);
      commit(first, 'a', 50);
      close(first);
      const second = open();
      commit(second, 'b', 10);
      close(second);
      copyFileSync(other.path, folder.path);
      other.remove();
      expect(open().bounds()).toEqual({ epoch: 'epoch2', floor: 0, head: 50 });
    });

    test('G11: a kill at any moment is not taken for a restored file', () => {
      const first = open();
      commit(first, 'a', 10);
      const mark = readFileSync(`${folder.path}.head`);
      commit(first, 'b', 10);
      const copy = `${folder.path}.copy`;
      copyRunning(copy);
      const whole = open(copy);
      expect(whole.bounds()).toEqual({ epoch: 'epoch0', floor: 0, head: 20 });
      close(whole);
      // Killed between the commit and the mark; or the power went, and the mark with it.
      for (const left of [mark, Buffer.from('manifeed-head-1 epoch0 9'), Buffer.alloc(256)]) {
        writeFileSync(`${copy}.head`, left);
        const store = open(copy);
        expect(store.bounds()).toEqual({ epoch: 'epoch0', floor: 0, head: 20 });
        close(store);
      }
      rmSync(`${copy}.head`);
      expect(open(copy).bounds()).toEqual({ epoch: 'epoch0', floor: 0, head: 20 });
    });
  });

  describe('G11: a file that is overwritten while it is open', () => {
    /** Open, with a backup of the same size beside it that has one change less. */
    const withNewerThanBackup = () => {
      const first = open();
      commit(first, 'a', 200);
      close(first);
      backUp();
      const second = open();
      commit(second, 'b', 1);
      close(second);
      expect(statSync(folder.path).size).toBe(statSync(`${folder.path}.backup`).size);
      const store = open();
      commit(store, 'c', 1);
      return store;
    };

    test.each([
      ['with an older one of the same size', (path: string) => copyFileSync(`${path}.backup`, path)],
      ['and cut to half', (path: string) => truncateSync(path, statSync(path).size / 2)],
      ['in its write-ahead log', (path: string) => truncateSync(`${path}-wal`, 0)],
      [
        'in its write-ahead log, with one of another time',
        (path: string) => writeInto(`${path}-wal`, 16, Buffer.alloc(8, 7)),
      ],
    ])('%s takes nothing more', (_, overwrite) => {
      const store = withNewerThanBackup();
      const { head } = store.bounds();
      overwrite(folder.path);
      expect(() => commit(store, 'd', 1)).toThrow(
        refused(/overwritten by another program.*restore a backup/),
      );
      expect(() => store.check()).toThrow(refused(/overwritten/));
      expect(store.bounds().head).toBe(head);
    });

    test('goes on where only its times were changed', () => {
      const store = open();
      commit(store, 'a', 1);
      utimesSync(folder.path, new Date(), new Date());
      commit(store, 'b', 1);
      expect(store.bounds().head).toBe(2);
    });

    test('opens under a new epoch afterwards', () => {
      const store = withNewerThanBackup();
      copyFileSync(`${folder.path}.backup`, folder.path);
      expect(() => store.check()).toThrow(refused(/overwritten/));
      close(store);
      expect(open().bounds().epoch).toBe('epoch3');
    });

    test('many commits and checkpoints are not taken for that', () => {
      const store = open();
      for (let i = 0; i < 60; i++) commit(store, `t${i}-`, 100);
      expect(store.bounds().head).toBe(6_000);
      // Transactions that write nothing come between a checkpoint and the commit that begins the log anew.
      for (let i = 0; i < 200; i++) {
        store.trim(t);
        store.claimPending(1, 1_000, t);
        commit(store, `u${i}-`, 20);
      }
      while (!store.trim(t + 3_600_001).done);
      store.check();
    });
  });

  describe('G11: two gateways on one file', () => {
    test('the first takes nothing more once its lock file is deleted, and the second stores', () => {
      const first = open();
      commit(first, 'a', 1);
      rmSync(`${folder.path}.lock`);
      const second = open();
      expect(() => commit(first, 'b', 1)).toThrow(refused(/lock file was (?:deleted|replaced)/));
      expect(() => first.check()).toThrow(refused(/lock file/));
      commit(second, 'c', 1);
      expect(second.read(0, 10).changes.map(({ tag }) => tag)).toEqual(['a0', 'c0']);
    });

    test('changes of another program in the file are noticed before anything is numbered twice', () => {
      const store = open();
      commit(store, 'a', 1);
      alter('UPDATE meta SET head = 2');
      expect(() => commit(store, 'b', 1)).toThrow(refused(/another program wrote to the ledger/));
      expect(() => store.check()).toThrow(refused(/another program/));
    });

    test('a file with a second name is refused at opening, and when it gets one', () => {
      const store = open();
      linkSync(folder.path, `${folder.path}.link`);
      expect(() => commit(store, 'a', 1)).toThrow(refused(/2 names \(hard links\)/));
      rmSync(`${folder.path}.link`);
      commit(store, 'a', 1);
      close(store);
      linkSync(folder.path, `${folder.path}.link`);
      expect(() => open()).toThrow(refused(/2 names \(hard links\).*delete the other names/));
      expect(() => open(`${folder.path}.link`)).toThrow(refused(/hard links/));
    });
  });

  describe('G5: changes that are missing or damaged', () => {
    const hole = () => {
      const store = open();
      commit(store, 'a', 3_000);
      close(store);
      alter('DELETE FROM change WHERE sequence BETWEEN 1000 AND 1010');
      return open();
    };
    const lost = (after: number, floor: number) =>
      expect.objectContaining({
        code: 'POSITION_GONE',
        detail: { reason: 'continuity-lost', position: after, floor, head: 3_000 },
      });

    test('are never passed over: the page ends before them, the floor rises, and reading goes on after', () => {
      const store = hole();
      const page = store.read(900, 500);
      expect(page).toMatchObject({ next: 999, atHead: false });
      expect(() => store.read(999, 500)).toThrow(lost(999, 1_010));
      expect(store.bounds()).toEqual({ epoch: 'epoch0', floor: 1_010, head: 3_000 });
      expect(store.read(1_010, 1).changes[0]?.sequence).toBe(1_011);
      expect(() => store.read(999, 1)).toThrow(expect.objectContaining({ code: 'POSITION_GONE' }));
      expect(store.health.takeNotices()).toMatchObject([{ kind: 'changes-lost', floor: 1_010 }]);
    });

    test('are noticed by a bounded scan for many repositories', () => {
      const store = hole();
      const many = [repository, ...Array.from({ length: 20 }, (_, i) => `${repository}${i}`)];
      expect(store.read(900, 500, many)).toMatchObject({ next: 999, atHead: false });
      expect(() => store.read(999, 500, many)).toThrow(lost(999, 1_010));
    });

    test('are noticed by a seek and by the scrub, and dropped in bounded steps', () => {
      const sought = hole();
      sought.seek(t);
      close(sought);
      const store = open();
      while (!store.scrub());
      expect(store.bounds().floor).toBe(1_010);
      expect(store.trim(t)).toMatchObject({ done: false, bounds: { floor: 1_010 } });
      while (!store.trim(t).done);
      expect(store.read(1_010, 1).changes[0]?.sequence).toBe(1_011);
      close(store);
      const db = new Database(folder.path, { readonly: true });
      expect(db.prepare('SELECT min(sequence) FROM change').pluck().get()).toBe(1_011);
      db.close();
    });

    test.each([
      ['digest', "UPDATE change SET digest = CAST(x'01' || randomblob(32) AS BLOB) WHERE sequence = 1500"],
      ['tag', "UPDATE change SET tag = 'other' WHERE sequence = 1500"],
      ['time', 'UPDATE change SET occurred_at = occurred_at + 1 WHERE sequence = 1500'],
      ['type', 'UPDATE change SET type = 77 WHERE sequence = 1500'],
      ['repository', 'UPDATE change SET repository_id = 4711 WHERE sequence = 1500'],
    ])('a change with another %s than was written is not served', (_, sql) => {
      const first = open();
      commit(first, 'a', 3_000);
      close(first);
      alter(sql);
      const store = open();
      expect(store.read(1_400, 500)).toMatchObject({ next: 1_499 });
      expect(() => store.read(1_499, 500)).toThrow(lost(1_499, 1_500));
      expect(store.read(1_500, 1).changes[0]?.sequence).toBe(1_501);
    });

    test('a change with a time that nobody can be told, from an import of before, is not served', () => {
      const first = open();
      commit(first, 'a', 3_000);
      close(first);
      alter('UPDATE change SET checksum = NULL, occurred_at = 9007199254740991 WHERE sequence = 5');
      expect(() => open().read(4, 10)).toThrow(lost(4, 5));
    });

    test('a tag with another digest than was written is not served, and the ledger stores nothing more', () => {
      const first = open();
      commit(first, 'a', 10);
      close(first);
      alter("UPDATE tag SET digest = CAST(x'01' || randomblob(32) AS BLOB) WHERE name = 'a3'");
      const store = open();
      expect(() => store.tags({ limit: 100 })).toThrow(
        refused(new RegExp(`tag "a3" of ${repository} is damaged.*restore a backup`)),
      );
      expect(() => store.check()).toThrow(refused(/tag "a3"/));
      expect(() => commit(store, 'b', 1)).toThrow(refused(/damaged/));
      expect(notices(store)).toEqual(['damaged']);
      expect(store.read(0, 10).changes).toHaveLength(10);
    });

    test('the scrub finds a damaged tag that nobody asked for', () => {
      const first = open();
      commit(first, 'a', 2_500);
      close(first);
      alter('UPDATE tag SET size = 1 WHERE name = ?', 'a2400');
      const store = open();
      expect(() => {
        while (!store.scrub());
      }).toThrow(refused(/tag "a2400"/));
    });
  });

  describe('a file that is not whole', () => {
    const fill = () => {
      const store = open();
      for (let i = 0; i < 30; i++) commit(store, `t${i}-`, 100);
      close(store);
    };

    test('cut by half is refused with what to do', () => {
      fill();
      truncateSync(folder.path, statSync(folder.path).size / 2);
      expect(() => open()).toThrow(refused(/cut off: it has \d+ bytes of \d+: restore a backup/));
    });

    test('cut by half, with a write-ahead log beside it, is refused too', () => {
      fill();
      const store = open();
      commit(store, 'x', 1);
      const copy = `${folder.path}.copy`;
      copyRunning(copy);
      truncateSync(copy, Math.floor(statSync(copy).size / 8_192) * 4_096);
      expect(() => open(copy)).toThrow(refused(/damaged.*restore a backup/));
    });

    test('with damaged pages is refused with what to do', () => {
      fill();
      const pages = statSync(folder.path).size / 4_096;
      for (let page = 20; page < pages; page += 7)
        writeInto(folder.path, page * 4_096, Buffer.alloc(4_096, 0xa5));
      expect(() => open()).toThrow(
        refused(/the file is damaged \(.+\): stop the gateway and restore a backup/),
      );
    });

    test('emptied, with its write-ahead log there, is no new ledger', () => {
      const store = open();
      commit(store, 'a', 10);
      const copy = `${folder.path}.copy`;
      copyRunning(copy);
      truncateSync(copy, 0);
      expect(() => open(copy)).toThrow(refused(/missing or empty, but its write-ahead log .* is not/));
      rmSync(copy);
      expect(() => open(copy)).toThrow(refused(/missing or empty/));
      expect(statSync(`${copy}-wal`).size).toBeGreaterThan(0);
    });

    test.each([
      ['behind its rows', 'UPDATE meta SET head = 2990', { floor: 0, head: 3_000 }],
      ['ahead of its rows', 'UPDATE meta SET head = 3010', { floor: 3_010, head: 3_010 }],
      [
        'with rows missing at its floor',
        'DELETE FROM change WHERE sequence < 100',
        { floor: 99, head: 3_000 },
      ],
      ['without any row', 'DELETE FROM change', { floor: 3_000, head: 3_000 }],
      [
        'with a time that nobody can be told',
        'UPDATE meta SET recorded_at = 9e15',
        { floor: 3_000, head: 3_000 },
      ],
    ])('with its head %s gets a new epoch, and goes on', (_, sql, bounds) => {
      fill();
      alter(sql);
      const store = open();
      expect(store.bounds()).toEqual({ epoch: 'epoch1', ...bounds });
      expect(notices(store)).toEqual(['new-epoch']);
      const [result] = commit(store, 'more', 1);
      expect(result).toMatchObject({ recorded: { changes: [{ sequence: bounds.head + 1, recordedAt: t }] } });
    });

    test('damage that shows at run time refuses for good, though the disk reads again', () => {
      fill();
      const store = open();
      const { size } = statSync(folder.path);
      const whole = readFileSync(folder.path);
      for (let at = 8_192; at < size; at += 4_096) writeInto(folder.path, at, Buffer.alloc(4_096, 0xa5));
      expect(() => store.tags({ limit: 1_000 })).toThrow(refused(/damaged/));
      for (let at = 8_192; at < size; at += 4_096) writeInto(folder.path, at, whole.subarray(at, at + 4_096));
      expect(() => store.check()).toThrow(refused(/the file is damaged .*: stop the gateway and restore/));
      expect(() => commit(store, 'x', 1)).toThrow(refused(/damaged/));
      expect(notices(store)).toEqual(['damaged']);
    });
  });

  describe('a file that cannot be had', () => {
    test('in a folder that is a file is refused by what is wrong', () => {
      writeFileSync(folder.path, '');
      expect(() => open(`${folder.path}/manifeed.db`)).toThrow(refused(/a part of its folder .* is a file/));
      expect(() => open(`${folder.path}/more/manifeed.db`)).toThrow(
        refused(/a part of its folder .* is a file/),
      );
      rmSync(folder.path);
      mkdirSync(folder.path);
      expect(() => open()).toThrow(refused(/it is a folder or a device: must be a file/));
    });
  });
});

function flipByte(path: string, at: number): void {
  const byte = readFileSync(path)[at] ?? 0;
  writeInto(path, at, Buffer.from([byte ^ 1]));
}

/** The descriptor stays open: to close one of a file that SQLite has open drops the locks of this process. */
function writeInto(path: string, at: number, bytes: Buffer): void {
  writeSync(openSync(path, 'r+'), bytes, 0, bytes.length, at);
}
