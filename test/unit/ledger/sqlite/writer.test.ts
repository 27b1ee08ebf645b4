import { describe, expect, test } from 'vitest';
import type { Call, CallResult } from '../../../../src/ledger/sqlite/call.ts';
import { GroupWriter } from '../../../../src/ledger/sqlite/writer.ts';
import { tagSeen } from '../../../support/ledger-samples.ts';

const call = (observations = 1) => ({
  kind: 'record' as const,
  observations: Array.from({ length: observations }, (_, i) => tagSeen(`t${i}`, 'one', 0)),
  settles: [],
});
const recorded = (calls: readonly Call[]): readonly CallResult[] =>
  calls.map((call) =>
    call.kind === 'save'
      ? { kind: 'saved', saved: call.moves.map(() => true) }
      : { kind: 'recorded', recorded: { outcomes: [], changes: [] } },
  );
const save = (moves: number) => ({
  kind: 'save' as const,
  moves: Array.from({ length: moves }, (_, i) => ({
    ...{ name: `t${i}`, fence: 1 },
    cursor: { epoch: 'abc', low: 0, done: [] },
  })),
});
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A disk that answers when told to. */
function slowDisk() {
  const groups: { readonly size: number; readonly done: () => void }[] = [];
  const commit = (calls: readonly Call[]) =>
    new Promise<readonly CallResult[]>((resolve) => {
      groups.push({ size: calls.length, done: () => resolve(recorded(calls)) });
    });
  return { groups, commit };
}

describe('GroupWriter', () => {
  test('calls of one turn and calls made during a commit go in one group each', async () => {
    const { groups, commit } = slowDisk();
    const writer = new GroupWriter(commit, 100);
    const calls = [writer.record(call()), writer.record(call())];
    await turn();
    calls.push(writer.record(call()), writer.record(call()), writer.record(call()));
    expect(groups.map(({ size }) => size)).toEqual([2]);
    groups[0]?.done();
    await turn();
    expect(groups.map(({ size }) => size)).toEqual([2, 3]);
    groups[1]?.done();
    await Promise.all(calls);
    await writer.drain();
    expect(writer.waiting).toBe(0);
  });

  test('cursors are saved in the group of what is recorded, and count with it', async () => {
    const { groups, commit } = slowDisk();
    const writer = new GroupWriter(commit, 10);
    const first = [writer.record(call()), writer.save(save(3)), writer.save(save(2))];
    await turn();
    expect(groups.map(({ size }) => size)).toEqual([3]);
    const next = writer.save(save(10));
    await expect(writer.save(save(1))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    groups[0]?.done();
    expect((await Promise.all(first)).slice(1)).toEqual([
      [true, true, true],
      [true, true],
    ]);
    await turn();
    groups[1]?.done();
    expect(await next).toHaveLength(10);
  });

  test('more observations than may wait are refused, and room made later is room again', async () => {
    const { groups, commit } = slowDisk();
    const writer = new GroupWriter(commit, 10);
    const first = writer.record(call());
    await turn();
    const waiting = [writer.record(call(6)), writer.record(call(4))];
    await expect(writer.record(call())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    groups[0]?.done();
    await first;
    await turn();
    groups[1]?.done();
    await Promise.all(waiting);
    const again = writer.record(call());
    await turn();
    groups[2]?.done();
    await expect(again).resolves.toEqual({ outcomes: [], changes: [] });
  });

  test('a group holds a bounded number of observations, and a call larger than that goes alone', async () => {
    const { groups, commit } = slowDisk();
    const writer = new GroupWriter(commit, 10_000);
    const calls = [writer.record(call(1_500)), writer.record(call(600)), writer.record(call(600))];
    for (let i = 0; i < 3; i++) {
      await turn();
      groups[i]?.done();
    }
    await Promise.all(calls);
    expect(groups.map(({ size }) => size)).toEqual([1, 1, 1]);
  });

  test('a group that fails rejects each of its calls and none of the next', async () => {
    let isFull = true;
    const writer = new GroupWriter(async (calls) => {
      if (isFull) throw new Error('disk full');
      return recorded(calls);
    }, 100);
    const failing = [writer.record(call()), writer.record(call())];
    for (const outcome of await Promise.allSettled(failing)) expect(outcome.status).toBe('rejected');
    isFull = false;
    await expect(writer.record(call())).resolves.toBeDefined();
  });
});
