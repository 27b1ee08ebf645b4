import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { OneATurn } from '../../../src/lib/one-a-turn.ts';

/** Does one piece of work per name, and notes in which turn of the event loop it was done. */
async function work(turns: OneATurn, names: readonly string[]): Promise<(readonly [string, number])[]> {
  const done: (readonly [string, number])[] = [];
  let turn = 0;
  let isOver = false;
  const counting = (async () => {
    while (!isOver) {
      await nextTurn();
      turn += 1;
    }
  })();
  await Promise.all(
    names.map(async (name) => {
      const mine = turns.take();
      if (mine !== null) await mine;
      done.push([name, turn]);
    }),
  );
  isOver = true;
  await counting;
  return done;
}

describe('OneATurn', () => {
  it('does what comes together in turns of its own, in order', async () => {
    const names = Array.from({ length: 20 }, (_, n) => `work ${n}`);
    const done = await work(new OneATurn(), names);
    expect(done.map(([name]) => name)).toEqual(names);
    expect(new Set(done.map(([, turn]) => turn)).size).toBe(20);
  });

  it('lets the next one go on at once when all are done', async () => {
    const turns = new OneATurn();
    for (let round = 0; round < 3; round += 1) {
      await work(turns, ['a', 'b']);
      await nextTurn();
      expect(turns.take()).toBeNull();
      await nextTurn();
    }
  });
});
