import { afterEach, describe, expect, test } from 'vitest';
import { countingMetrics } from '../../support/counting-metrics.ts';
import { block } from '../../support/hub-world.ts';
import { closeWorlds, open, pace } from '../../support/pace-world.ts';

afterEach(closeWorlds);

describe('metrics of streams', () => {
  test('a stream begins with its first subscription, resumed or not, and ends once, for one reason', async () => {
    const metrics = countingMetrics();
    const world = await open({ metrics });
    await world.push('team/a');
    const opens = (resumed: string) => metrics.value('stream_opens_total', { transport: 'sse', resumed });
    const ends = (reason: string) => metrics.value('stream_ends_total', { reason });
    const silent = world.connect();
    expect([opens('false'), opens('true')]).toEqual([0, 0]);
    const left = world.join();
    world.subscribe(left, { id: 'second' });
    const drained = world.join({ start: world.after(0) });
    expect([opens('false'), opens('true')]).toEqual([1, 1]);
    world.hub.disconnect(left.subscriber);
    world.hub.disconnect(left.subscriber);
    // A sink reports the end of its socket while it is being told to end.
    drained.sink.onHeard = ({ kind }) => {
      if (kind === 'end') world.hub.disconnect(drained.subscriber);
    };
    world.hub.dismiss(drained.subscriber, 'DRAINING', 1_000);
    world.hub.disconnect(silent.subscriber);
    expect([ends('client'), ends('DRAINING')]).toEqual([1, 1]);
    expect(metrics.value('stream_ends_total')).toBe(2);
  });

  test('a refused subscription begins no stream', async () => {
    const metrics = countingMetrics();
    const world = await open({ metrics });
    const repository = Array.from({ length: 900 }, (_, index) => `team/${index}-*-*`);
    expect(() => world.join({ repository })).toThrow();
    expect(metrics.value('stream_opens_total')).toBe(0);
  });
});

describe('the delay of a delivery', () => {
  const delays = (metrics: ReturnType<typeof countingMetrics>) => metrics.observed('delivery_delay_seconds');

  test('is noted once for a change that goes out at once, and never for one that nobody gets', async () => {
    const metrics = countingMetrics();
    const world = await open({ metrics });
    for (let n = 0; n < 50; n++) world.join({ repository: ['team/a'] });
    const slow = world.join({ repository: ['team/c'] });
    await world.push('team/a');
    await world.push('team/b');
    await world.settle();
    expect(delays(metrics)).toEqual([{ value: 0, labels: { held: 'false' } }]);
    block(slow);
    await world.push('team/c');
    await world.push('team/c');
    await world.settle();
    // The second one finds nobody live.
    expect(delays(metrics)).toHaveLength(2);
  });

  test('of a held-back change is the time until its last subscriber has it', async () => {
    const metrics = countingMetrics();
    const world = await open({ pace, metrics });
    for (let n = 0; n < 2_000; n++) world.join({ paced: true });
    world.join({ paced: false });
    await world.push('team/a');
    await world.pass(1_000);
    expect(delays(metrics)).toEqual([]);
    await world.pass(1_500);
    const [one, ...more] = delays(metrics);
    expect(more).toEqual([]);
    expect(one?.labels).toEqual({ held: 'true' });
    expect(one?.value).toBeCloseTo(2, 0);
  });
});
