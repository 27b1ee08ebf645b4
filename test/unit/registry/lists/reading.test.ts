import { describe, expect, it } from 'vitest';
import { OneATurn } from '../../../../src/lib/one-a-turn.ts';
import { maxRows, maxStep, Reading } from '../../../../src/registry/lists/reading.ts';

describe('the reading of one request', () => {
  it('has room for steps as long as all of them together stay within the bound', async () => {
    const reading = new Reading(new OneATurn());
    let steps = 0;
    for (; reading.hasRoom; steps += 1) await reading.step(async () => ({ looked: maxStep }));
    expect(steps * maxStep).toBe(maxRows);
  });

  it('lets other work on the event loop run between its steps', async () => {
    const turns = new OneATurn();
    const readings = [new Reading(turns), new Reading(turns)];
    let turnsOfOthers = 0;
    let isOver = false;
    const count = () => {
      turnsOfOthers += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    await Promise.all(
      readings.map(async (reading) => {
        for (let at = 0; at < 10; at += 1) await reading.step(async () => ({ looked: 1 }));
      }),
    );
    isOver = true;
    expect(turnsOfOthers).toBeGreaterThanOrEqual(18);
  });
});
