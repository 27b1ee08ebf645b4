import { describe, expect, it } from 'vitest';
import { plotSvg } from '../../../load-tests/herd/plot.ts';
import {
  arrivalsMs,
  bins,
  type Herd,
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

describe('plotSvg', () => {
  const options = { title: 'a < b', binMs: 100, level: 50, levelLabel: 'R' };

  it('draws a path for each series within the plot, whatever the counts', () => {
    const svg = plotSvg(
      [
        { label: 'one', color: '#111111', bins: [100_000, 3, 0] },
        { label: 'two', color: '#222222', bins: [50, 50, 50] },
      ],
      options,
    );
    expect(svg.match(/stroke="#111111"/g)).toHaveLength(2);
    expect(svg.match(/stroke="#222222"/g)).toHaveLength(2);
    expect(svg).toContain('a &lt; b');
    expect(svg).not.toMatch(/NaN|Infinity|-\d+\.\d/);
  });
});
