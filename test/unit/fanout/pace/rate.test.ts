import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minFactor, pressed, recovered, unpressed } from '../../../../src/fanout/pace/rate.ts';

describe('pressed', () => {
  it('halves R', () => {
    expect(pressed(unpressed, 5_000).factor).toBe(0.5);
  });

  it('halves once a second at most, however many complaints arrive', () => {
    let state = pressed(unpressed, 5_000);
    for (let now = 5_001; now < 6_000; now++) state = pressed(state, now);
    expect(state.factor).toBeCloseTo(0.5 + 0.05, 2);
    expect(pressed(state, 6_000).factor).toBeCloseTo(0.55 / 2, 3);
  });

  it('never goes below a sixty-fourth nor above one, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(3_000))), (steps) => {
        let now = 0;
        let state = unpressed;
        for (const [complaint, waitMs] of steps) {
          now += waitMs;
          state = complaint ? pressed(state, now) : recovered(state, now);
          expect(state.factor).toBeGreaterThanOrEqual(minFactor);
          expect(state.factor).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});

describe('recovered', () => {
  it('regains 5 % of R a second', () => {
    const state = pressed(unpressed, 0);
    expect(recovered(state, 1_000).factor).toBeCloseTo(0.55, 12);
    expect(recovered(state, 4_000).factor).toBeCloseTo(0.7, 12);
    expect(recovered(state, 60_000).factor).toBe(1);
  });

  it('does not depend on how often it is asked', () => {
    let state = pressed(unpressed, 0);
    for (let now = 0; now <= 4_000; now += 10) state = recovered(state, now);
    expect(state.factor).toBeCloseTo(0.7, 9);
  });
});
