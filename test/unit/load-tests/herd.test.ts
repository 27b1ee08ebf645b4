import { describe, expect, it } from 'vitest';
import { plotSvg } from '../../../load-tests/herd/plot.ts';
import { comparison, rowOf } from '../../../load-tests/herd/rounds.ts';
import {
  arrivalsMs,
  bins,
  type Herd,
  herdOf,
  seededRandom,
  strategyNames,
  windowMs,
} from '../../../load-tests/herd/strategies.ts';

const herd: Herd = {
  counts: [15_000, 4_980, 20],
  ratePerSecond: 500,
  deliveryMs: 0.01,
  reactionMs: [5, 50],
};

const peak = (strategy: (typeof strategyNames)[number], over: Herd = herd) =>
  Math.max(...bins(arrivalsMs(strategy, over, seededRandom(7)), 100));

describe('the herd', () => {
  it.each(strategyNames)('asks once per client: %s', (strategy) => {
    const arrivals = arrivalsMs(strategy, herd, seededRandom(7));
    expect(arrivals).toHaveLength(20_000);
    expect(bins(arrivals, 100).reduce((sum, count) => sum + count, 0)).toBe(20_000);
  });

  it('tramples the registry with pace off, and is gentler paced than with random jitter', () => {
    expect(peak('pace off')).toBeGreaterThan(10_000);
    expect(peak('random jitter')).toBeGreaterThan(62);
    expect(peak('paced')).toBeLessThan(60);
  });

  it('keeps the peak within 5 % of R when clients react at once', () => {
    expect(peak('paced', { ...herd, reactionMs: [0, 0] })).toBeLessThanOrEqual(52.5);
  });

  it('is done when the window is over', () => {
    const last = Math.max(...arrivalsMs('paced', herd, seededRandom(7)));
    expect(windowMs(herd)).toBe(40_000);
    expect(last).toBeLessThanOrEqual(40_050);
    expect(last).toBeGreaterThan(39_200);
  });
});

describe('seededRandom', () => {
  it('is uniform in [0, 1) and the same for one seed', () => {
    const [first, second] = [seededRandom(3), seededRandom(3)];
    const values = Array.from({ length: 10_000 }, () => first());
    expect(values.every((value) => value >= 0 && value < 1 && value === second())).toBe(true);
    expect(values.reduce((sum, value) => sum + value, 0) / 10_000).toBeCloseTo(0.5, 1);
  });
});

describe('rounds', () => {
  const rounds = (strategy: (typeof strategyNames)[number]) =>
    Array.from({ length: 9 }, (_, n) => arrivalsMs(strategy, herdOf(20_000, 100), seededRandom(n + 1)));
  const rows = strategyNames.map((strategy) => rowOf('computed', strategy, 100, rounds(strategy), 100));

  it('random jitter peaks higher than pace in every one of nine rounds', () => {
    const [, jitter, paced] = rows;
    expect(jitter?.peaks).toHaveLength(9);
    expect(jitter?.peaks[0]).toBeGreaterThan(paced?.peaks.at(-1) ?? Number.POSITIVE_INFINITY);
    expect(comparison(rows, 'computed')).toBe(
      'computed: paced peaks lower than random jitter in 81 of 81 pairs of rounds: more than noise',
    );
  });

  it('the plot and the table show the median round', () => {
    for (const { peaks, medianPeak, bins } of rows) {
      expect(medianPeak).toBe(peaks[4]);
      expect(Math.max(...bins)).toBe(medianPeak);
    }
  });

  it('rounds that overlap, and too few of them, are said not to tell', () => {
    const flat = (peaks: readonly number[]) => peaks.map((peak) => new Array<number>(peak).fill(1));
    const compare = (jitter: readonly number[], paced: readonly number[]) =>
      comparison(
        [
          rowOf('real', 'random jitter', 200, flat(jitter), 100),
          rowOf('real', 'paced', 200, flat(paced), 100),
        ],
        'real',
      );
    expect(compare([20, 21, 21, 22, 23], [12, 13, 13, 14, 21])).toMatch(
      /in 23 of 25 pairs.*: more than noise/,
    );
    expect(compare([20, 21, 21, 22, 23], [12, 13, 13, 22, 23])).toMatch(/not beyond noise/);
    expect(compare([9, 9, 9, 9], [1, 1, 1, 1])).toMatch(/too few rounds/);
    expect(comparison(rows, 'real')).toMatch(/too few rounds/);
  });
});

describe('plotSvg', () => {
  const section = {
    title: 'a < b',
    binMs: 100,
    ratePerSecond: 500,
    series: [
      { name: 'one', color: '#111111', bins: [100_000, 3, 0], peak: 100_000 },
      { name: 'two', color: '#222222', bins: [50, 50, 50], peak: 50 },
    ],
  };
  const svg = plotSvg([section, { ...section, title: 'second' }]);

  it('draws a curve and a bar for each series of each section within the plot, whatever the counts', () => {
    for (const color of ['#111111', '#222222']) {
      expect(svg.match(new RegExp(`stroke="${color}"`, 'g'))).toHaveLength(2);
      expect(svg.match(new RegExp(`fill="${color}"`, 'g'))).toHaveLength(2);
    }
    expect(svg).toContain('a &lt; b');
    expect(svg).not.toMatch(/NaN|Infinity|-\d+\.\d/);
  });

  it('shows the highest peak on its scale, and says which rate is set', () => {
    expect(svg).toContain('>100000</text>');
    expect(svg).toContain('the rate that is set, 500/s; cut off at twice that');
    for (const [, y] of svg.matchAll(/<rect x="[\d.]+" y="([\d.]+)"/g)) expect(Number(y)).toBeGreaterThan(60);
  });
});
