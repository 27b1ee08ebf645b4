import { describe, expect, it } from 'vitest';
import { leftToOthers, shares } from '../../../../src/fanout/pace/shares.ts';

const both = [true, false];
const cases = both.flatMap((priority) =>
  both.flatMap((live) => both.map((replay) => ({ priority, live, replay }))),
);

describe('shares', () => {
  it.each(cases)('sums to one when any lane is busy, and gives idle lanes nothing: %o', (busy) => {
    const given = shares(busy);
    const anyBusy = busy.priority || busy.live || busy.replay;
    expect(given.priority + given.live + given.replay).toBeCloseTo(anyBusy ? 1 : 0, 12);
    if (!busy.priority) expect(given.priority).toBe(0);
    if (!busy.live) expect(given.live).toBe(0);
    if (!busy.replay) expect(given.replay).toBe(0);
  });

  it('lets priority leave a tenth to the rest, whoever the rest is', () => {
    expect(shares({ priority: true, live: true, replay: false })).toEqual({
      priority: 0.9,
      live: leftToOthers,
      replay: 0,
    });
    expect(shares({ priority: true, live: true, replay: true })).toEqual({
      priority: 0.9,
      live: 0.05,
      replay: 0.05,
    });
  });

  it('lets live and replay halve the budget', () => {
    expect(shares({ priority: false, live: true, replay: true })).toEqual({
      priority: 0,
      live: 0.5,
      replay: 0.5,
    });
  });
});
