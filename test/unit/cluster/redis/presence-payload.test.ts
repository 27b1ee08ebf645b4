import { describe, expect, test, vi } from 'vitest';
import { encodeCounts, ToldCounts } from '../../../../src/cluster/redis/presence-payload.ts';
import { maxGlobSteps } from '../../../../src/event/glob.ts';
import { costlyGlobs, costlyRepository } from '../../../support/costly-globs.ts';

const decoded = async (counts: ReadonlyMap<string, number>, maxKeys: number) =>
  JSON.parse(await encodeCounts([[...counts]], maxKeys));

describe('encodeCounts', () => {
  test('sends the keys with the most subscribers, globs apart, and the average of the others', async () => {
    const counts = new Map([
      ...([
        ['r/a', 1],
        ['r/b', 5],
        ['**', 3],
        ['r/c', 0],
        ['r/d', 2],
        ['r/e', 2],
      ] as const),
    ]);
    expect(await decoded(counts, 3)).toEqual([
      [
        ['r/b', 5],
        ['r/d', 2],
      ],
      [['**', 3]],
      2,
    ]);
    expect(await decoded(counts, 100)).toEqual([
      [
        ['r/b', 5],
        ['r/d', 2],
        ['r/e', 2],
        ['r/a', 1],
      ],
      [['**', 3]],
      0,
    ]);
    expect(await decoded(new Map(), 3)).toEqual([[], [], 0]);
  });

  test('keeps the first of equal counts, in whichever parts they come', async () => {
    const row = (n: number, count: number) => [`r/${n}`, count] as const;
    const parts = [[row(4, 1), row(3, 1), row(2, 2)], [], [row(1, 1), row(0, 3)]];
    expect(JSON.parse(await encodeCounts(parts, 1))).toEqual([[['r/0', 3]], [], 1]);
    expect(JSON.parse(await encodeCounts(parts, 3))[0]).toEqual([
      ['r/0', 3],
      ['r/2', 2],
      ['r/4', 1],
    ]);
  });

  test('sorts no more than twice what it sends, even if each count is higher than all before', async () => {
    const counts = new Map(Array.from({ length: 50_000 }, (_, n) => [`r/${n}`, n + 1]));
    const { sort } = Array.prototype;
    const sorted: number[] = [];
    const spy = vi.spyOn(Array.prototype, 'sort').mockImplementation(function (this: unknown[], compare) {
      sorted.push(this.length);
      return sort.call(this, compare);
    });
    const [exact] = await decoded(counts, 100);
    spy.mockRestore();
    expect(exact).toEqual(Array.from({ length: 100 }, (_, n) => [`r/${49_999 - n}`, 50_000 - n]));
    expect(Math.max(...sorted)).toBeLessThanOrEqual(200);
    expect(sorted.length).toBeLessThanOrEqual(1 + 50_000 / 100);
  });

  test('gives each part a turn of the event loop', async () => {
    const parts = Array.from({ length: 5 }, (_, n) => [[`r/${n}`, 1] as const]);
    let taken = 0;
    const counts = (function* () {
      for (const part of parts) {
        taken += 1;
        yield part;
      }
    })();
    const encoding = encodeCounts(counts, 10);
    const seen = [taken];
    while (taken < parts.length) {
      await new Promise(setImmediate);
      seen.push(taken);
    }
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    await encoding;
  });
});

describe('ToldCounts', () => {
  const unlimited = () => ({ steps: 0, limit: Number.POSITIVE_INFINITY });
  const told = async (rows: readonly (readonly [string, number])[]) => {
    const counts = ToldCounts.read(await encodeCounts([rows], 10_000), '7');
    if (counts === null) throw new Error('read what was encoded: failed');
    return counts;
  };

  test('sums the exact count of a key and those of all globs that match it', async () => {
    const counts = await told([
      ['h/a', 5],
      ['h/*', 2],
      ['h/**', 1],
      ['x/**', 9],
    ]);
    expect(counts.version).toBe(7);
    expect(counts.of('h/a', unlimited())).toBe(8);
    expect(counts.of('h/b/c', unlimited())).toBe(1);
  });

  test('judges no more globs at a time than its work allows; the others count as matching until they are judged', async () => {
    const globs = costlyGlobs(2_000).map((glob) => [glob, 1] as const);
    const counts = await told([...globs, ['**', 3]]);
    const key = costlyRepository(1);
    const exact = (await told([...globs, ['**', 3]])).of(key, unlimited());
    expect(exact).toBe(3);
    let before = 2_003;
    let calls = 0;
    for (let sum = -1; sum !== exact; calls += 1) {
      const work = { steps: 0, limit: 2_000 };
      sum = counts.of(key, work);
      expect(work.steps).toBeLessThanOrEqual(2_000 + maxGlobSteps);
      expect(sum).toBeLessThanOrEqual(before);
      expect(sum).toBeGreaterThanOrEqual(exact);
      before = sum;
    }
    expect(calls).toBeGreaterThan(1);
    const again = unlimited();
    counts.of(key, again);
    expect(again.steps).toBe(0);
  });

  test.each(['no JSON', '{}', '[[],[]]', '[[["a",-1]],[],0]', `[[],[["${'*a'.repeat(200)}",1]],0]`])(
    'reads nothing from %j',
    (payload) => {
      expect(ToldCounts.read(payload, '1')).toBeNull();
    },
  );
});
