import { expect, test } from 'vitest';
import type { RecordReply } from '../../../../src/ledger/redis/codec.ts';
import { RecordQueue } from '../../../../src/ledger/redis/record.ts';
import { tagSeen } from '../../../support/ledger-samples.ts';

interface Group {
  readonly sizes: readonly number[];
  readonly answer: (fails?: Error) => void;
}

/** Commits that wait until the test answers them. */
function heldCommits() {
  const groups: Group[] = [];
  const commit = (calls: string) =>
    new Promise<RecordReply>((resolve, reject) => {
      const sizes = (JSON.parse(calls) as { o: unknown[] }[]).map(({ o }) => o.length);
      const standing = { epoch: 'e', floor: 0, after: 0, began: 0, changes: [] };
      const outcomes = sizes.map((size) => Array.from({ length: size }, () => 'unchanged' as const));
      const reply = { ...standing, outcomes, counts: sizes.map(() => 0) };
      groups.push({ sizes, answer: (fails) => (fails === undefined ? resolve(reply) : reject(fails)) });
    });
  return { groups, commit };
}

const some = (count: number) => Array.from({ length: count }, (_, i) => tagSeen(`t${i}`, 'one', 1));
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('RecordQueue puts calls of the same moment into one commit and answers each its own', async () => {
  const { groups, commit } = heldCommits();
  const queue = new RecordQueue({ commit, maxWaiting: 100 });
  const calls = [queue.add(some(1), []), queue.add(some(2), []), queue.add([], [])];
  await turn();
  expect(groups.map(({ sizes }) => sizes)).toEqual([[1, 2, 0]]);
  groups[0]?.answer();
  expect((await Promise.all(calls)).map(({ outcomes }) => outcomes.length)).toEqual([1, 2, 0]);
});

test('RecordQueue has at most two commits under way and keeps groups within their bound', async () => {
  const { groups, commit } = heldCommits();
  const queue = new RecordQueue({ commit, maxWaiting: 1_000, maxGroup: 10 });
  const calls = Array.from({ length: 12 }, () => queue.add(some(4), []));
  await turn();
  expect(groups.map(({ sizes }) => sizes)).toEqual([
    [4, 4],
    [4, 4],
  ]);
  for (let answered = 0; answered < 6; answered += 1) {
    groups[answered]?.answer();
    await turn();
  }
  await Promise.all(calls);
  expect(groups).toHaveLength(6);
});

test('RecordQueue sends a call larger than a group alone', async () => {
  const { groups, commit } = heldCommits();
  const queue = new RecordQueue({ commit, maxWaiting: 100, maxGroup: 3 });
  const calls = [queue.add(some(1), []), queue.add(some(5), []), queue.add(some(1), [])];
  await turn();
  expect(groups.map(({ sizes }) => sizes)).toEqual([[1], [5]]);
  groups[0]?.answer();
  await turn();
  expect(groups[2]?.sizes).toEqual([1]);
  for (const { answer } of groups) answer();
  await Promise.all(calls);
});

test('RecordQueue refuses calls when too many observations wait, and takes them again later', async () => {
  const { groups, commit } = heldCommits();
  const queue = new RecordQueue({ commit, maxWaiting: 5, maxInFlight: 1 });
  const first = queue.add(some(5), []);
  await turn();
  const second = queue.add(some(5), []);
  await expect(queue.add(some(1), [])).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'record observations: 5 wait and 1 more came: must be at most 5',
  });
  groups[0]?.answer();
  await first;
  await turn();
  const third = queue.add(some(1), []);
  groups[1]?.answer();
  await second;
  await turn();
  groups[2]?.answer();
  await third;
});

test('RecordQueue rejects every call of a commit that failed, and goes on with the next', async () => {
  const { groups, commit } = heldCommits();
  const queue = new RecordQueue({ commit, maxWaiting: 100 });
  const failing = [queue.add(some(1), []), queue.add(some(1), [])];
  await turn();
  groups[0]?.answer(new Error('away'));
  for (const call of failing) await expect(call).rejects.toThrow('away');
  const next = queue.add(some(1), []);
  await turn();
  groups[1]?.answer();
  expect((await next).outcomes).toHaveLength(1);
});

test('RecordQueue closes when all that wait is committed, and takes nothing more', async () => {
  const { groups, commit } = heldCommits();
  const queue = new RecordQueue({ commit, maxWaiting: 100 });
  const call = queue.add(some(1), []);
  let isClosed = false;
  const closing = queue.close().then(() => {
    isClosed = true;
  });
  await expect(queue.add(some(1), [])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await turn();
  expect(isClosed).toBe(false);
  groups[0]?.answer();
  await Promise.all([call, closing]);
});
