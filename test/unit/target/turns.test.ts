import { describe, expect, it } from 'vitest';
import { Turns } from '../../../src/target/turns.ts';
import { fakeClock } from '../../support/fake-clock.ts';

/** What is done after all microtasks, and none of a later turn. */
const soon = () => new Promise((resolve) => process.nextTick(() => queueMicrotask(() => resolve(null))));
const turn = () => new Promise(setImmediate);

/** Work that takes so long, ms, and what was done. */
function world() {
  const clock = fakeClock();
  const done: string[] = [];
  const work = (name: string, ms: number) => () => {
    clock.advance(ms);
    done.push(name);
  };
  return { turns: new Turns(clock), done, work };
}

describe('the turns of targets', () => {
  it('do little work soon, in order, and not at once', async () => {
    const { turns, done, work } = world();
    for (const name of ['a', 'b', 'c']) turns.soon(work(name, 1));
    expect(done).toEqual([]);
    await soon();
    expect(done).toEqual(['a', 'b', 'c']);
  });

  it('leave what takes longer than ten milliseconds to later turns', async () => {
    const { turns, done, work } = world();
    for (let i = 0; i < 20; i++) turns.soon(work(String(i), 1.25));
    await soon();
    const perTurn = [done.length];
    while (done.length < 20) {
      await turn();
      perTurn.push(done.length);
    }
    expect(perTurn).toEqual([8, 16, 20]);
    expect(done).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
  });

  it('count all work of a turn, also what comes in between', async () => {
    const { turns, done, work } = world();
    turns.soon(() => {
      work('a', 6)();
      turns.soon(work('b', 6));
    });
    await soon();
    expect(done).toEqual(['a', 'b']);
    turns.soon(work('c', 1));
    await soon();
    expect(done).toEqual(['a', 'b']);
    await turn();
    expect(done).toEqual(['a', 'b', 'c']);
  });

  it('begin anew with each turn', async () => {
    const { turns, done, work } = world();
    for (let round = 1; round <= 3; round++) {
      turns.soon(work('a', 9));
      await soon();
      expect(done).toHaveLength(round);
      await turn();
    }
  });
});
