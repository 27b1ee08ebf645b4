// @needs redis-server
/** Some seconds of chaos; `npm run chaos` wreaks it for minutes. */
import { expect, it } from 'vitest';
import { runChaos } from './chaos-run.ts';

/** Enough, on a slow machine too, for the gateways to start twice and for all to catch up. */
const timeoutMs = 150_000;

it(
  'every subscriber has every acknowledged change, or was told of the gap, whatever is killed, stopped and cut',
  async () => {
    const report = await runChaos({
      seconds: 6,
      leastActs: 5,
      seed: 20_261_123,
      subscribers: 90,
      minReplicas: 0,
    });
    expect(report.violations).toEqual([]);
    expect(report.acknowledged).toBeGreaterThan(60);
    expect(report.changes).toBeGreaterThan(90 * 30);
  },
  timeoutMs,
);

it(
  'a failover to a replica that had to have each change loses none, whatever the clocks say',
  async () => {
    const clocks = ['step the clock of a gateway', "step Redis' clock", 'step all clocks at once'];
    const report = await runChaos({
      seconds: 1,
      leastActs: 5,
      seed: 7,
      subscribers: 30,
      minReplicas: 1,
      only: ['fail Redis over', 'kill -9 a gateway', ...clocks],
    });
    expect(report.violations).toEqual([]);
    expect(report.acts).toContain('fail Redis over');
    expect(report.acts).toContain('step the clock of a gateway');
  },
  timeoutMs,
);
