import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { GroupCommit, type GroupCommitOptions } from '../../../src/lib/group-commit.ts';

/** Commits strings, each of its length; groups wait until the test answers them. */
function held(options: Partial<GroupCommitOptions<string, string>> = {}) {
  const groups: { readonly calls: string[]; readonly answer: (fails?: Error) => void }[] = [];
  const commits = new GroupCommit<string, string>({
    action: 'write words',
    sizeOf: (word) => word.length,
    ...{ maxWaiting: 100, maxGroup: 10 },
    commit: (group) =>
      new Promise((resolve, reject) => {
        const calls = group.map(({ call }) => call);
        const done = calls.map((call) => call.toUpperCase());
        groups.push({ calls, answer: (fails) => (fails === undefined ? resolve(done) : reject(fails)) });
      }),
    ...options,
  });
  return { groups, commits, sent: () => groups.map(({ calls }) => calls.join()) };
}

test('GroupCommit answers each call of a group its own, and gathers the next group meanwhile', async () => {
  const { groups, commits, sent } = held();
  const first = [commits.add('a'), commits.add('b')];
  await turn();
  const second = [commits.add('c'), commits.add('d')];
  await turn();
  expect(sent()).toEqual(['a,b']);
  groups[0]?.answer();
  expect(await Promise.all(first)).toEqual(['A', 'B']);
  await turn();
  expect(sent()).toEqual(['a,b', 'c,d']);
  groups[1]?.answer();
  expect(await Promise.all(second)).toEqual(['C', 'D']);
});

test('GroupCommit bounds a group by size and by calls; a call larger than a group goes alone', async () => {
  const { commits, sent } = held({ maxGroup: 3, maxInFlight: 10 });
  for (const word of ['aa', 'b', 'ccccc', 'd', '', '', '', '']) void commits.add(word);
  await turn();
  expect(sent()).toEqual(['aa,b', 'ccccc', 'd,,', ',']);
});

test('GroupCommit refuses what would wait beyond its bound, except a call that nothing waits before', async () => {
  const { groups, commits } = held({ maxWaiting: 5 });
  const large = commits.add('abcdefgh');
  expect(commits.waiting).toBe(8);
  await expect(commits.add('x')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'write words: 8 wait and 1 more came: must be at most 5',
  });
  await turn();
  expect(commits.waiting).toBe(0);
  groups[0]?.answer();
  expect(await large).toBe('ABCDEFGH');
});

test('GroupCommit rejects a failed group, a call without a result, and drains whatever comes of it', async () => {
  const { groups, commits } = held();
  await commits.drain();
  const failing = commits.add('a');
  await turn();
  const late = commits.add('b');
  let isDrained = false;
  const drained = commits.drain().then(() => {
    isDrained = true;
  });
  groups[0]?.answer(new Error('away'));
  await expect(failing).rejects.toThrow('away');
  await turn();
  expect(isDrained).toBe(false);
  groups[1]?.answer();
  expect(await late).toBe('B');
  await drained;
  const short = new GroupCommit<string, string>({
    ...{ action: 'write', maxWaiting: 1, maxGroup: 1, sizeOf: () => 1, commit: async () => [] },
  });
  await expect(short.add('a')).rejects.toThrow('write: a call has no result: must have one');
});
