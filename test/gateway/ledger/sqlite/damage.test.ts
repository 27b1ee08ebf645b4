/** What the SQLite ledger does with a file that is damaged, cut off or no file. */
import { mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { repository, sqliteFile, t, writeInto } from '../../../support/sqlite-file.ts';

describe('a damaged file of the SQLite ledger', () => {
  const file = sqliteFile();
  const { open, close, commit, copyRunning, alter, refused, notices } = file;

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
      const db = new Database(file.path, { readonly: true });
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
      expect(() => store.queries.listTags({ limit: 100 })).toThrow(
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
      truncateSync(file.path, statSync(file.path).size / 2);
      expect(() => open()).toThrow(refused(/cut off: it has \d+ bytes of \d+: restore a backup/));
    });

    test('cut by half, with a write-ahead log beside it, is refused too', () => {
      fill();
      const store = open();
      commit(store, 'x', 1);
      const copy = `${file.path}.copy`;
      copyRunning(copy);
      truncateSync(copy, Math.floor(statSync(copy).size / 8_192) * 4_096);
      expect(() => open(copy)).toThrow(refused(/damaged.*restore a backup/));
    });

    test('with damaged pages is refused with what to do', () => {
      fill();
      const pages = statSync(file.path).size / 4_096;
      for (let page = 20; page < pages; page += 7)
        writeInto(file.path, page * 4_096, Buffer.alloc(4_096, 0xa5));
      expect(() => open()).toThrow(
        refused(/the file is damaged \(.+\): stop the gateway and restore a backup/),
      );
    });

    test('emptied, with its write-ahead log there, is no new ledger', () => {
      const store = open();
      commit(store, 'a', 10);
      const copy = `${file.path}.copy`;
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
      const { size } = statSync(file.path);
      const whole = readFileSync(file.path);
      for (let at = 8_192; at < size; at += 4_096) writeInto(file.path, at, Buffer.alloc(4_096, 0xa5));
      expect(() => store.queries.listTags({ limit: 1_000 })).toThrow(refused(/damaged/));
      for (let at = 8_192; at < size; at += 4_096) writeInto(file.path, at, whole.subarray(at, at + 4_096));
      expect(() => store.check()).toThrow(refused(/the file is damaged .*: stop the gateway and restore/));
      expect(() => commit(store, 'x', 1)).toThrow(refused(/damaged/));
      expect(notices(store)).toEqual(['damaged']);
    });
  });

  describe('a file that cannot be had', () => {
    test('where no folder can be made is refused, and not tried for ever', () => {
      expect(() => open('/proc/none/more/manifeed.db')).toThrow(
        refused(/\/proc\/none.*must be readable and writable/),
      );
    });

    test('in a folder that is a file is refused by what is wrong', () => {
      writeFileSync(file.path, '');
      expect(() => open(`${file.path}/manifeed.db`)).toThrow(refused(/a part of its folder .* is a file/));
      expect(() => open(`${file.path}/more/manifeed.db`)).toThrow(
        refused(/a part of its folder .* is a file/),
      );
      rmSync(file.path);
      mkdirSync(file.path);
      expect(() => open()).toThrow(refused(/it is a folder or a device: must be a file/));
    });
  });
});
