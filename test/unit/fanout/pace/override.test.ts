import { describe, expect, it } from 'vitest';
import {
  hasRecovered,
  maxOverrides,
  overriddenRate,
  type PaceOverride,
  withOverride,
} from '../../../../src/fanout/pace/current-rate.ts';

const override = (pattern: string | null, untilMs = Number.POSITIVE_INFINITY): PaceOverride => ({
  pattern,
  deliveriesPerSecond: 10,
  untilMs,
});

describe('withOverride', () => {
  it('puts the newest first and replaces one of the same pattern', () => {
    const first = withOverride([], override('a/**'), 0);
    const second = withOverride(first, override('b/**'), 0);
    const third = withOverride(second, { ...override('a/**'), deliveriesPerSecond: 20 }, 0);
    expect(third.map((each) => [each.pattern, each.deliveriesPerSecond])).toEqual([
      ['a/**', 20],
      ['b/**', 10],
    ]);
  });

  it('refuses one more than the bound, and makes room as others end', () => {
    let overrides: readonly PaceOverride[] = [];
    for (let index = 0; index < maxOverrides; index++) {
      overrides = withOverride(overrides, override(`r${index}/**`, 1_000), 0);
    }
    expect(() => withOverride(overrides, override(null), 0)).toThrow(/must be fewer than 100/);
    expect(withOverride(overrides, override(null), 21_000)).toHaveLength(1);
  });
});

describe('overriddenRate', () => {
  it('holds until it ends, then climbs back by 5 % of the configured rate a second', () => {
    const lowered = override(null, 10_000);
    expect(overriddenRate(lowered, 500, 9_999)).toBe(10);
    expect(overriddenRate(lowered, 500, 11_000)).toBe(35);
    expect(overriddenRate(lowered, 500, 30_000)).toBe(500);
    expect(hasRecovered(lowered, 29_999)).toBe(false);
    expect(hasRecovered(lowered, 30_000)).toBe(true);
  });

  it('returns at once from a rate above the configured one', () => {
    const raised = { ...override(null, 10_000), deliveriesPerSecond: 5_000 };
    expect(overriddenRate(raised, 500, 9_000)).toBe(5_000);
    expect(overriddenRate(raised, 500, 10_000)).toBe(500);
  });

  it('never ends when no end was given', () => {
    expect(overriddenRate(override(null), 500, 1e12)).toBe(10);
    expect(hasRecovered(override(null), 1e12)).toBe(false);
  });
});
