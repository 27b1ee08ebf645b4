import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { groupedStates } from '../../../src/ledger/grouped-states.ts';
import type { KnownTag, TagName } from '../../../src/ledger/queries.ts';

const name = (tag: string): TagName => ({ registry: 'docker.io', repository: 'library/nginx', tag });

function known(tag: string): KnownTag {
  return {
    ...{ ...name(tag), digest: null, mediaType: null, size: null, present: true, checkedAgeMs: null },
    ...{ firstSeenAt: 0, updatedAt: 0, sequence: 1 },
  };
}

/** Answers once the test says so. A tag `none` is not known, and one that is called `damaged` cannot be read. */
function held(maxWaiting?: number) {
  const asked: string[][] = [];
  const answers: (() => void)[] = [];
  const states = groupedStates(async (names) => {
    asked.push(names.map(({ tag }) => tag));
    await new Promise<void>((resolve) => answers.push(resolve));
    if (names.some(({ tag }) => tag === 'damaged')) throw new Error('read states of tags: damaged');
    return names.map(({ tag }) => (tag === 'none' ? null : known(tag)));
  }, maxWaiting);
  const ask = async (...tags: string[]) => (await states(tags.map(name))).map((state) => state?.tag ?? null);
  const answerAll = async () => {
    for (; answers.length > 0; await turn()) answers.shift()?.();
  };
  return { asked, ask, answerAll, states };
}

test('a lone question goes at once, and those that come meanwhile go together, each with its own answer', async () => {
  const { asked, ask, answerAll } = held();
  const answers = [ask('a')];
  await turn();
  answers.push(ask('b', 'none'), ask(), ask('c'));
  await turn();
  expect(asked).toEqual([['a']]);
  await answerAll();
  expect(asked).toEqual([['a'], ['b', 'none', 'c']]);
  expect(await Promise.all(answers)).toEqual([['a'], ['b', null], [], ['c']]);
});

test('a question that fails does not fail those of its group', async () => {
  const { asked, ask, answerAll } = held();
  const [first, damaged, last] = [ask('a'), ask('damaged'), ask('c')];
  const refusal = expect(damaged).rejects.toThrow('damaged');
  await turn();
  await answerAll();
  expect([await first, await last]).toEqual([['a'], ['c']]);
  await refusal;
  expect(asked).toEqual([['a', 'damaged', 'c'], ['a'], ['damaged'], ['c']]);
});

test('a group has at most 1,000 names, and what waits is bounded', async () => {
  const { asked, ask, answerAll, states } = held(1_500);
  const many = (count: number) => Array.from({ length: count }, (_, n) => `t${n}`);
  const answers = [ask('first')];
  await turn();
  answers.push(ask(...many(900)), ask(...many(600)));
  await expect(ask('one more')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await turn();
  await answerAll();
  expect(asked.map(({ length }) => length)).toEqual([1, 900, 600]);
  expect((await Promise.all(answers)).map(({ length }) => length)).toEqual([1, 900, 600]);
  await expect(states(many(1_001).map(name))).rejects.toThrow(RangeError);
});
