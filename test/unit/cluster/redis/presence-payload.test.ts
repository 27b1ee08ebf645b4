import { describe, expect, test, vi } from 'vitest';
import { encodeCounts } from '../../../../src/cluster/redis/presence-payload.ts';

const decoded = (counts: ReadonlyMap<string, number>, maxKeys: number) =>
  JSON.parse(encodeCounts(counts, maxKeys));

describe('encodeCounts', () => {
  test('sends the keys with the most subscribers, globs apart, and the average of the others', () => {
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
    expect(decoded(counts, 3)).toEqual([
      [
        ['r/b', 5],
        ['r/d', 2],
      ],
      [['**', 3]],
      2,
    ]);
    expect(decoded(counts, 100)).toEqual([
      [
        ['r/b', 5],
        ['r/d', 2],
        ['r/e', 2],
        ['r/a', 1],
      ],
      [['**', 3]],
      0,
    ]);
    expect(decoded(new Map(), 3)).toEqual([[], [], 0]);
  });

  test('sorts only what it sends', () => {
    const counts = new Map(
      Array.from({ length: 50_000 }, (_, n) => [`r/${(n * 7_919) % 50_000}`, 1 + (n % 3)]),
    );
    const sort = vi.spyOn(Array.prototype, 'sort');
    const [exact] = decoded(counts, 100);
    const sorted = sort.mock.contexts.map((list) => (Array.isArray(list) ? list.length : 0));
    sort.mockRestore();
    expect(exact).toHaveLength(100);
    expect(Math.max(...sorted)).toBeLessThanOrEqual(100);
  });
});
