/** Where targets are, in a file that is moved, full, restored or damaged. */
import { renameSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { lostCursor, newWish } from '../../../../src/ledger/cursors.ts';
import type { SqliteStore } from '../../../../src/ledger/sqlite/store.ts';
import { sqliteFile, t, tags } from '../../../support/sqlite-file.ts';

const leaseMs = 10_000;

describe('cursors in the SQLite ledger', () => {
  const file = sqliteFile();
  const { open, close, commit, backUp, restore, alter, refused, notices } = file;

  const claim = (store: SqliteStore, ...names: string[]) =>
    store.cursors.claimTargets(names, 'g1', leaseMs, t, 0);
  const claimOne = (store: SqliteStore, name: string) => {
    const [held] = claim(store, name);
    if (held === undefined) throw new Error(`claim ${name}: nobody has it`);
    return held;
  };
  const list = (store: SqliteStore) => store.cursors.listTargets(t, 0);

  test('are saved with what is recorded at the same time, in one commit', () => {
    const store = open();
    const held = claimOne(store, 'a');
    const cursor = { epoch: 'epoch0', low: 2, done: [4] };
    const old = { ...held, fence: held.fence - 1, cursor };
    expect(
      store.commit(
        [tags('x', 2), { kind: 'save', moves: [old] }, { kind: 'save', moves: [{ ...held, cursor }] }],
        t,
      ),
    ).toMatchObject([
      { kind: 'recorded', recorded: { changes: [{ sequence: 1 }, { sequence: 2 }] } },
      { kind: 'saved', saved: [false] },
      { kind: 'saved', saved: [true] },
    ]);
    expect(list(store)).toMatchObject([{ name: 'a', cursor }]);
  });

  test('are refused with all of their commit if it fails, and stay as they were', () => {
    const store = open();
    const held = claimOne(store, 'a');
    const before = list(store);
    const moves = [{ ...held, cursor: { epoch: 'epoch0', low: 2, done: [] } }];
    alter('CREATE TRIGGER full BEFORE INSERT ON change BEGIN SELECT RAISE(ABORT, "full"); END');
    expect(() => store.commit([{ kind: 'save', moves }, tags('x', 1)], t)).toThrow();
    expect(list(store)).toEqual(before);
    alter('DROP TRIGGER full');
    expect(store.commit([{ kind: 'save', moves }], t)).toEqual([{ kind: 'saved', saved: [true] }]);
  });

  test('of a file that was moved away are refused: claimed, renewed, saved, released and wished', () => {
    const store = open();
    const held = claimOne(store, 'a');
    renameSync(file.path, `${file.path}.elsewhere`);
    const moves = [{ ...held, cursor: { epoch: 'epoch0', low: 2, done: [] } }];
    const moved = refused(/deleted or moved/);
    expect(() => claim(store, 'a', 'b')).toThrow(moved);
    expect(() => store.cursors.renewTargets([held], leaseMs, t, 0)).toThrow(moved);
    expect(() => store.commit([{ kind: 'save', moves }], t)).toThrow(moved);
    expect(() => store.cursors.releaseTargets([held])).toThrow(moved);
    expect(() => store.cursors.wishTarget('a', { paused: true }, t, 0)).toThrow(moved);
    renameSync(`${file.path}.elsewhere`, file.path);
    expect(list(store)).toMatchObject([{ name: 'a', cursor: { low: 0 }, wish: newWish }]);
    expect(store.commit([{ kind: 'save', moves }], t)).toEqual([{ kind: 'saved', saved: [true] }]);
  });

  test('of a restored file have the epoch of their time, which is not the ledger’s any more', () => {
    const first = open();
    commit(first, 'a', 3);
    claimOne(first, 'a');
    close(first);
    backUp();
    const second = open();
    commit(second, 'b', 3);
    close(second);
    restore();
    const third = open();
    expect(claimOne(third, 'a')).toMatchObject({ cursor: { epoch: 'epoch0', low: 3 }, isNew: false });
    expect(third.bounds().epoch).toBe('epoch2');
  });

  test.each([
    ['a flipped sequence', "UPDATE target SET cursor = replace(cursor, ' 3 ', ' 2 ')"],
    ['a flipped fence', 'UPDATE target SET fence = fence + 1'],
    ['a wish that is none', "UPDATE target SET wish = '{}'"],
    ['a cursor that is none', "UPDATE target SET cursor = 'x'"],
  ])('with %s are not believed: their target is reset, once, and told', (_what, sql) => {
    const store = open();
    commit(store, 'a', 3);
    const held = claimOne(store, 'a');
    claimOne(store, 'b');
    alter(`${sql} WHERE name = 'a'`);
    const moves = [{ ...held, cursor: held.cursor }];
    expect(store.commit([{ kind: 'save', moves }], t)).toEqual([{ kind: 'saved', saved: [false] }]);
    expect(store.cursors.renewTargets([held], leaseMs, t, 0)).toEqual([]);
    expect(list(store)).toMatchObject([
      { name: 'a', cursor: lostCursor, wish: newWish },
      { name: 'b', cursor: { low: 3 } },
    ]);
    const again = claimOne(store, 'a');
    expect(again).toMatchObject({ cursor: lostCursor, wish: newWish, isNew: false });
    expect(new Set(notices(store))).toEqual(new Set(['target-lost']));
    claimOne(store, 'a');
    expect(notices(store)).toEqual([]);
    const cursor = { epoch: 'epoch0', low: 3, done: [] };
    const [last] = claim(store, 'a');
    expect(
      store.commit([{ kind: 'save', moves: [{ name: 'a', fence: last?.fence ?? 0, cursor }] }], t),
    ).toEqual([{ kind: 'saved', saved: [true] }]);
  });

  test('are read and written with leases that end with the process', () => {
    const first = open();
    claimOne(first, 'a');
    close(first);
    const second = open();
    expect(list(second)).toMatchObject([{ name: 'a', holder: null, heldForMs: 0 }]);
    expect(second.cursors.claimTargets(['a'], 'g2', leaseMs, t, 0)).toHaveLength(1);
  });
});
