import { describe, expect, it } from 'vitest';
import { FeedError, type FeedEvent, type TagUpdate, tagKey } from '../../../client/src/index.ts';
import { TagTable } from '../../../client/src/tags/table.ts';
import { changeOf, rowOf } from '../../support/client-stream.ts';

/** A table over events that the test gives. */
function tableOf(maxRows?: number) {
  const waiting: ((result: IteratorResult<FeedEvent, undefined>) => void)[] = [];
  const failing: ((error: Error) => void)[] = [];
  const events: AsyncIterableIterator<FeedEvent, undefined> = {
    [Symbol.asyncIterator]: () => events,
    next: () =>
      new Promise((resolve, reject) => {
        waiting.push(resolve);
        failing.push(reject);
      }),
    return: async () => {
      waiting.shift()?.({ done: true, value: undefined });
      return { done: true, value: undefined };
    },
  };
  const table = new TagTable(events, { maxRows });
  const updates: TagUpdate[] = [];
  table.on('update', (update) => updates.push(update));
  /** Resolves when the table has dealt with them. */
  const bring = async (...given: readonly FeedEvent[]) => {
    for (const value of given) {
      failing.shift();
      waiting.shift()?.({ done: false, value });
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    }
  };
  return { table, updates, bring, fail: (error: Error) => failing.shift()?.(error) };
}

const ready = { kind: 'ready', position: 'e-1' } as const;
const snapshot = { kind: 'snapshot' } as const;
const state = (tag: string) => ({ kind: 'state', row: rowOf(tag) }) as const;
const change = (tag: string, members: Parameters<typeof changeOf>[2] = {}) =>
  ({ kind: 'change', change: changeOf(9, tag, members), resume: 'e-9' }) as const;
const key = (tag: string) => `r.test/app:${tag}`;

describe('a table of tags', () => {
  it('is what the snapshot says, then what the changes say', async () => {
    const { table, updates, bring } = tableOf();
    await bring(snapshot, state('a'), state('b'));
    expect([table.size, updates]).toEqual([0, []]);
    await bring(ready);
    await table.ready;
    expect([...table.keys()]).toEqual([key('a'), key('b')]);
    await bring(
      change('a'),
      change('b', { type: 'tag.deleted', digest: null }),
      change('c', { type: 'tag.created' }),
    );
    expect([...table.keys()]).toEqual([key('a'), key('c')]);
    expect(table.get(key('a'))).toMatchObject({ digest: 'sha256:9', firstSeenAt: rowOf('a').firstSeenAt });
    expect(updates.map(({ kind }) => kind)).toEqual(['loaded', 'set', 'deleted', 'set']);
    expect(tagKey({ registry: 'r.test', repository: 'app', tag: 'a' })).toBe(key('a'));
  });

  it('is a map', async () => {
    const { table, bring } = tableOf();
    await bring(snapshot, state('a'), ready);
    expect(table.has(key('a'))).toBe(true);
    expect([...table]).toEqual([[key('a'), rowOf('a')]]);
    expect([[...table.entries()], [...table.values()]]).toEqual([[[key('a'), rowOf('a')]], [rowOf('a')]]);
    const seen: unknown[] = [];
    table.forEach((row, at, map) => void seen.push(row, at, map === table));
    expect(seen).toEqual([rowOf('a'), key('a'), true]);
  });

  it('takes changes between the rows of a snapshot into it', async () => {
    const { table, bring } = tableOf();
    await bring(snapshot, state('a'), change('a'), change('b', { type: 'tag.created' }), ready);
    expect(table.get(key('a'))?.digest).toBe('sha256:9');
    expect(table.has(key('b'))).toBe(true);
  });

  it('keeps its rows while a new snapshot comes, and then replaces all of them', async () => {
    const { table, updates, bring } = tableOf();
    await bring(snapshot, state('gone'), state('kept'), ready);
    await bring({ kind: 'reset', reason: 'epoch', position: 'f-1', floor: 'f-0' }, snapshot, state('half'));
    await bring(snapshot, state('kept'));
    expect([...table.keys()]).toEqual([key('gone'), key('kept')]);
    await bring(ready);
    expect([...table.keys()]).toEqual([key('kept')]);
    expect(updates.map(({ kind }) => kind)).toEqual(['loaded', 'loaded']);
  });

  it('stays as it is over a reconnect without a snapshot', async () => {
    const { table, bring } = tableOf();
    await bring(snapshot, state('a'), ready, ready, change('a'));
    expect(table.get(key('a'))?.digest).toBe('sha256:9');
  });

  it('has no row for manifests', async () => {
    const { table, bring } = tableOf();
    const manifest = { ...changeOf(3), type: 'manifest.pushed', tag: null } as const;
    await bring(snapshot, ready, { kind: 'change', change: manifest, resume: 'e-3' });
    expect(table.size).toBe(0);
  });

  it('ends with TOO_MANY_ROWS beyond its bound', async () => {
    const { table, bring } = tableOf(2);
    await bring(snapshot, state('a'), state('b'), state('c'));
    await expect(table.ready).rejects.toMatchObject({ code: 'TOO_MANY_ROWS' });
    expect(table.error?.code).toBe('TOO_MANY_ROWS');
  });

  it('says why it ended, and keeps its rows', async () => {
    const { table, bring, fail } = tableOf();
    await bring(snapshot, state('a'), ready);
    fail(new FeedError('UNAUTHORIZED', 'no'));
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    expect([table.error?.code, table.size]).toEqual(['UNAUTHORIZED', 1]);
  });

  it('that is closed before it was read rejects who waits', async () => {
    const { table } = tableOf();
    await table.close();
    await expect(table.ready).rejects.toMatchObject({ code: 'NETWORK' });
    expect(table.error).toBeNull();
  });
});
