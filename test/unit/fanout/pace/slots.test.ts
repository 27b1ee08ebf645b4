import { performance } from 'node:perf_hooks';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueMs } from '../../../../load-tests/herd/strategies.ts';
import { globalRank, maxShuffled, shuffle, slotHash } from '../../../../src/fanout/pace/slots.ts';

/** Ranks of all subscribers of all nodes, ascending. */
function allRanks(counts: readonly number[]): number[] {
  return counts
    .flatMap((count, node) => Array.from({ length: count }, (_, j) => globalRank(j, node, counts)))
    .sort((a, b) => a - b);
}

function peakBin(dues: readonly number[], binMs: number): number {
  const bins = new Map<number, number>();
  for (const due of dues) bins.set(Math.floor(due / binMs), (bins.get(Math.floor(due / binMs)) ?? 0) + 1);
  return Math.max(...bins.values());
}

describe('slotHash', () => {
  it('is a uint32, the same every time', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(2 ** 32 - 1), (sequence, subscriber) => {
        const hash = slotHash(sequence, subscriber);
        expect(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32).toBe(true);
        expect(slotHash(sequence, subscriber)).toBe(hash);
      }),
    );
  });

  it('spreads consecutive subscribers over sixteen equal ranges within 10 %', () => {
    for (const sequence of [0, 1, 2, 1042, 2 ** 32, 2 ** 40 + 7]) {
      const bins = new Array<number>(16).fill(0);
      for (let s = 0; s < 16_000; s++) {
        const bin = slotHash(sequence, s) >>> 28;
        bins[bin] = (bins[bin] ?? 0) + 1;
      }
      expect(Math.max(...bins)).toBeLessThan(1100);
      expect(Math.min(...bins)).toBeGreaterThan(900);
    }
  });

  it('tells sequences apart beyond 32 bits', () => {
    expect(slotHash(5, 9)).not.toBe(slotHash(5 + 2 ** 32, 9));
  });
});

describe('shuffle', () => {
  it('is a permutation ordered by slotHash', () => {
    fc.assert(
      fc.property(fc.nat(), fc.uniqueArray(fc.nat(2 ** 32 - 1), { maxLength: 300 }), (sequence, ids) => {
        const order = [...shuffle(sequence, ids)];
        expect([...order].sort((a, b) => a - b)).toEqual(ids.map((_, index) => index));
        const hashes = order.map((index) => slotHash(sequence, ids[index] ?? 0));
        expect(hashes).toEqual([...hashes].sort((a, b) => a - b));
      }),
    );
  });

  it('lets nobody always be last: over 200 changes a subscriber stands in the middle on average', () => {
    const ids = Array.from({ length: 500 }, (_, index) => index);
    const sums = new Array<number>(ids.length).fill(0);
    for (let sequence = 1; sequence <= 200; sequence++) {
      shuffle(sequence, ids).forEach((index, place) => {
        sums[index] = (sums[index] ?? 0) + place / 500 / 200;
      });
    }
    expect(Math.min(...sums)).toBeGreaterThan(0.4);
    expect(Math.max(...sums)).toBeLessThan(0.6);
  });

  it('orders 15,000 subscribers without comparing each with each, which would take a tenth of a second', () => {
    const ids = Uint32Array.from({ length: 15_000 }, (_, index) => index);
    let bestMs = Number.POSITIVE_INFINITY;
    for (let sequence = 0; sequence < 20; sequence++) {
      const startedAt = performance.now();
      shuffle(sequence, ids);
      bestMs = Math.min(bestMs, performance.now() - startedAt);
    }
    expect(bestMs).toBeLessThan(50);
  });

  it('refuses more subscribers than it can order', () => {
    expect(() => shuffle(1, { length: maxShuffled + 1 })).toThrow(/must be at most 2097152/);
  });
});

describe('globalRank', () => {
  it('is j on one node, and dueMs an even spread', () => {
    for (let j = 0; j < 10_000; j++) {
      expect(globalRank(j, 0, [10_000])).toBe(j);
      expect(dueMs(j, 0, [10_000], 1000)).toBe(j);
    }
  });

  it('never falls as j grows and stays below the number of all subscribers', () => {
    const counts = fc.array(fc.nat(400), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(counts, (each) => {
        const total = each.reduce((sum, count) => sum + count, 0);
        each.forEach((count, node) => {
          const ranks = Array.from({ length: count }, (_, j) => globalRank(j, node, each));
          expect(ranks.filter((rank, j) => j > 0 && rank <= (ranks[j - 1] ?? 0))).toEqual([]);
          expect(ranks.filter((rank) => rank < 0 || rank >= total)).toEqual([]);
        });
      }),
    );
  });

  it('gives nearly a permutation over any counts: the k-th rank is k, give or take the number of nodes', () => {
    const counts = fc.array(fc.nat(1000), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(counts, (each) => {
        const far = allRanks(each).filter((rank, k) => Math.abs(rank - k) > each.length);
        expect(far).toEqual([]);
      }),
    );
  });

  it('leaves out nodes that have no subscriber', () => {
    expect(allRanks([0, 5, 0])).toEqual([0, 1, 2, 3, 4]);
    expect(globalRank(3, 0, [0, 0])).toBe(3);
  });
});

describe('dueMs', () => {
  it.each([
    { counts: [10_000, 500, 3] },
    { counts: [10_000, 1, 0] },
    { counts: [3, 500, 10_000] },
    { counts: [3334, 3333, 3333] },
  ])('spreads uneven nodes $counts with a peak 100 ms bin within 5 % of the mean', ({ counts }) => {
    const rate = 1000;
    const total = counts.reduce((sum, count) => sum + count, 0);
    const dues = counts.flatMap((count, node) =>
      Array.from({ length: count }, (_, j) => dueMs(j, node, counts, rate)),
    );
    expect(dues).toHaveLength(total);
    expect(peakBin(dues, 100)).toBeLessThanOrEqual(rate * 0.1 * 1.05);
    expect(Math.max(...dues)).toBeLessThanOrEqual((total / rate) * 1000);
    expect(Math.max(...dues)).toBeGreaterThanOrEqual((total / rate) * 1000 * 0.98);
  });
});
