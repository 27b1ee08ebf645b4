/** What the ledger believes of its file: restored, overwritten, shared, cut off or damaged ones are noticed. */
import {
  copyFileSync,
  linkSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ledgerFolder } from '../../../support/ledger-files.ts';
import { flipByte, sqliteFile, t, writeInto } from '../../../support/sqlite-file.ts';

describe('the trust of the SQLite ledger in its file', () => {
  const file = sqliteFile();
  const { open, close, commit, backUp, restore, copyRunning, alter, refused, notices } = file;

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
      const copy = `${file.path}.copy`;
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
      copyFileSync(other.path, file.path);
      other.remove();
      expect(open().bounds()).toEqual({ epoch: 'epoch2', floor: 0, head: 50 });
    });

    test('G11: a kill at any moment is not taken for a restored file', () => {
      const first = open();
      commit(first, 'a', 10);
      const mark = readFileSync(`${file.path}.head`);
      commit(first, 'b', 10);
      const copy = `${file.path}.copy`;
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
      expect(statSync(file.path).size).toBe(statSync(`${file.path}.backup`).size);
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
      overwrite(file.path);
      expect(() => commit(store, 'd', 1)).toThrow(
        refused(/overwritten by another program.*restore a backup/),
      );
      expect(() => store.check()).toThrow(refused(/overwritten/));
      expect(store.bounds().head).toBe(head);
    });

    test('goes on where only its times were changed', () => {
      const store = open();
      commit(store, 'a', 1);
      utimesSync(file.path, new Date(), new Date());
      commit(store, 'b', 1);
      expect(store.bounds().head).toBe(2);
    });

    test('opens under a new epoch afterwards', () => {
      const store = withNewerThanBackup();
      copyFileSync(`${file.path}.backup`, file.path);
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
      rmSync(`${file.path}.lock`);
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
      linkSync(file.path, `${file.path}.link`);
      expect(() => commit(store, 'a', 1)).toThrow(refused(/2 names \(hard links\)/));
      rmSync(`${file.path}.link`);
      commit(store, 'a', 1);
      close(store);
      linkSync(file.path, `${file.path}.link`);
      expect(() => open()).toThrow(refused(/2 names \(hard links\).*delete the other names/));
      expect(() => open(`${file.path}.link`)).toThrow(refused(/hard links/));
    });
  });
});
