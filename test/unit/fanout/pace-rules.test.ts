import { afterEach, describe, expect, test } from 'vitest';
import { parsePosition } from '../../../src/event/position.ts';
import { maxHeldChanges } from '../../../src/fanout/pace/pacer.ts';
import { countingMetrics } from '../../support/counting-metrics.ts';
import { bins, closeWorlds, crowd, open, pace, Watch } from '../../support/pace-world.ts';

afterEach(closeWorlds);

describe('pace under its rules', () => {
  test('maxWindow raises the rate, evenly, says so, and everything is out by its deadline', async () => {
    const metrics = countingMetrics();
    const warnings: string[] = [];
    const log = {
      debug() {},
      info() {},
      error() {},
      warn: (_: object, message: string) => warnings.push(message),
    };
    const world = await open({
      pace: { deliveriesPerSecond: 100, burst: 10, maxWindowMs: 20_000 },
      metrics,
      log: { ...log, warn: (fields, message) => void log.warn(fields, message) },
    });
    const watch = new Watch(world);
    crowd(world, 10_000, watch);
    await world.push('team/a');
    await world.pass(20_100);
    expect(watch.times).toHaveLength(10_000);
    expect(Math.max(...bins(watch.times))).toBeLessThanOrEqual(60);
    expect(metrics.value('pace_raised_total')).toBeGreaterThan(0);
    expect(warnings).toHaveLength(1);
  });

  test('a deadline is kept evenly by what priority leaves little for', async () => {
    const world = await open({
      pace: { deliveriesPerSecond: 100, burst: 10, maxWindowMs: 20_000, priority: ['**/secure/*'] },
    });
    const watch = new Watch(world);
    crowd(world, 1_500, watch);
    crowd(world, 4_000, watch, 'secure/a');
    await world.push('team/a');
    await world.push('secure/a');
    await world.pass(20_100);
    expect(watch.of(1)).toHaveLength(1_500);
    expect(Math.max(...bins(watch.of(1)))).toBeLessThanOrEqual(12);
  });

  test('replays have a deadline too', async () => {
    const world = await open({ pace: { deliveriesPerSecond: 10, burst: 1, maxWindowMs: 10_000 } });
    const watch = new Watch(world);
    await world.push('team/a');
    watch.begin();
    for (let n = 0; n < 1_000; n++)
      watch.on(world.join({ repository: ['team/a'], start: world.after(0), paced: true }));
    await world.pass(10_200);
    expect(watch.times).toHaveLength(1_000);
    expect(Math.max(...bins(watch.times))).toBeLessThanOrEqual(15);
  });

  test('priority goes first and leaves 10 % to the rest', async () => {
    const world = await open({ pace: { ...pace, priority: ['**/secure/*'] } });
    const watch = new Watch(world);
    crowd(world, 2_000, watch);
    crowd(world, 1_800, watch, 'secure/a');
    await world.push('team/a');
    await world.push('secure/a');
    await world.pass(2_000);
    expect(watch.of(2)).toHaveLength(1_800);
    expect(watch.of(1).length).toBeGreaterThanOrEqual(195);
    expect(watch.of(1).length).toBeLessThanOrEqual(215);
    await world.pass(2_000);
    expect(watch.of(1)).toHaveLength(2_000);
  });

  test('a registry that complains halves R, which recovers slowly', async () => {
    const world = await open({ pace });
    const watch = new Watch(world);
    crowd(world, 5_000, watch);
    await world.push('team/a');
    await world.pass(1_000);
    const before = watch.times.length;
    world.hub.pacer.rate.press('registry.example.com');
    await world.pass(1_000);
    const pressed = watch.times.length - before;
    expect(pressed).toBeGreaterThan(500);
    expect(pressed).toBeLessThan(560);
    await world.pass(9_000);
    expect(watch.times).toHaveLength(5_000);
    expect(world.hub.pacer.describe()).toMatchObject({ registries: { 'registry.example.com': 1 } });
  });

  test('a complaint holds replays back as well', async () => {
    const world = await open({ pace: { ...pace, burst: 1 } });
    const watch = new Watch(world);
    await world.push('team/a');
    watch.begin();
    world.hub.pacer.rate.press('registry.example.com');
    for (let n = 0; n < 2_000; n++)
      watch.on(world.join({ repository: ['team/a'], start: world.after(0), paced: true }));
    await world.pass(1_000);
    expect(watch.times.length).toBeGreaterThan(450);
    expect(watch.times.length).toBeLessThan(560);
  });

  test('an override lowers R for a while, and what was in force before it returns', async () => {
    const world = await open({ pace });
    const watch = new Watch(world);
    crowd(world, 9_000, watch);
    world.hub.pacer.rate.override(null, 500, null);
    world.hub.pacer.rate.override('registry.example.com/team/*', 100, 1_000);
    await world.push('team/a');
    await world.pass(1_000);
    expect(watch.times.length).toBeLessThan(110);
    await world.pass(20_000);
    const before = watch.times.length;
    await world.pass(1_000);
    expect(watch.times.length - before).toBeGreaterThan(490);
    expect(watch.times.length - before).toBeLessThan(510);
  });

  test('repositories with a pace of their own share a budget of their own', async () => {
    const exceptions = [{ pattern: '**/slow/**', deliveriesPerSecond: 100 }];
    const world = await open({ pace: { ...pace, exceptions } });
    const watch = new Watch(world);
    crowd(world, 1_000, watch);
    crowd(world, 200, watch, 'slow/a');
    await world.push('slow/a');
    await world.push('team/a');
    await world.pass(1_000);
    expect(watch.of(2)).toHaveLength(1_000);
    expect(watch.of(1).length).toBeLessThan(110);
    await world.pass(1_100);
    expect(watch.of(1)).toHaveLength(200);
  });

  test('a budget regains what it may spend at once, also while another is busy', async () => {
    const exceptions = [{ pattern: '**/other/**', deliveriesPerSecond: 10 }];
    const world = await open({ pace: { ...pace, exceptions } });
    crowd(world, 10_000, new Watch(world));
    await world.push('other/a');
    const replay = () => world.join({ repository: ['other/a'], start: world.after(0), paced: true });
    for (let n = 0; n < 100; n++) replay();
    await world.push('team/a');
    await world.pass(5_000);
    const late = Array.from({ length: 45 }, replay);
    await world.settle();
    expect(late.filter(({ sink }) => sink.sequences.length === 1)).toHaveLength(45);
  });

  test('with conflate the newest takes the earlier slot, and its own passes unused', async () => {
    const metrics = countingMetrics();
    const world = await open({ pace: { ...pace, burst: 1 }, metrics });
    const watch = new Watch(world);
    crowd(world, 999, watch);
    const conflated = world.join({ repository: ['team/a'], paced: true, conflate: true });
    const plain = world.join({ repository: ['team/a'], paced: true });
    await world.push('team/a');
    await world.settle();
    await world.push('team/a');
    await world.push('team/a', 'other');
    await world.push('team/a');
    await world.pass(5_000);
    expect(conflated.sink.sequences.filter((sequence) => sequence !== 3)).toEqual([4]);
    expect(conflated.sink.sequences).toContain(3);
    expect(plain.sink.sequences).toEqual([1, 2, 3, 4]);
    expect(metrics.value('superseded_total')).toBe(2);
    expect(parsePosition(world.hub.resumeOf(conflated.subscriber))?.sequence).toBe(4);
  });

  test('with conflate a change is never given up for one that the filter does not want', async () => {
    const world = await open({ pace: { ...pace, burst: 1 } });
    crowd(world, 100, new Watch(world));
    await world.push('team/a');
    await world.pass(500);
    const wanted = { repository: ['team/a'], type: ['tag.updated'], conflate: true, paced: true };
    const live = world.join(wanted);
    const replayed = world.connect({ paced: true, conflate: true });
    await world.push('team/a');
    await world.remove('team/a');
    world.subscribe(replayed, { repository: ['team/a'], type: ['tag.updated'], start: world.after(1) });
    await world.pass(2_000);
    expect(live.sink.sequences).toEqual([2]);
    expect(replayed.sink.sequences).toEqual([2]);
  });

  test('more than it may hold back is left to the ledger, and nothing is lost', async () => {
    const metrics = countingMetrics();
    const world = await open({ pace: { deliveriesPerSecond: 1, burst: 1, maxWindowMs: 60_000 }, metrics });
    const members = crowd(world, 3, new Watch(world));
    for (let n = 0; n < maxHeldChanges + 500; n++) await world.push('team/a');
    await world.settle();
    expect(world.hub.pacer.held).toBeLessThanOrEqual(3 * maxHeldChanges);
    expect(metrics.value('fanout_overruns_total')).toBeGreaterThanOrEqual(1);
    await world.pass(70_000, 50);
    const all = world.changes.map((change) => change.sequence);
    for (const { sink } of members) expect(sink.sequences).toEqual(all);
  });

  test('over a thousand waves the oldest are let out without regard to R', async () => {
    const world = await open({ pace: { deliveriesPerSecond: 1, burst: 1, maxWindowMs: 600_000 } });
    const watch = new Watch(world);
    crowd(world, 2, watch);
    for (let n = 0; n < 1_100; n++) await world.push('team/a');
    await world.pass(3_000);
    expect(watch.times.length).toBeGreaterThanOrEqual(200);
    expect(watch.times.length).toBeLessThanOrEqual(220);
  });

  test('one who has more ahead than can be remembered is fed in order instead', async () => {
    const world = await open({ pace: { deliveriesPerSecond: 100, burst: 50, maxWindowMs: 600_000 } });
    crowd(world, 1_000, new Watch(world));
    const overtaken = Array.from({ length: 20 }, () =>
      world.join({ repository: ['team/a', 'team/b'], paced: true }),
    );
    await world.push('team/a');
    await world.settle();
    for (let n = 0; n < 1_100; n++) await world.push('team/b', `t${n}`);
    await world.settle();
    const sizes = overtaken.map(({ subscriber }) => subscriber.ahead?.size ?? 0);
    expect(Math.max(...sizes)).toBe(1_024);
    expect(overtaken.some(({ subscriber }) => subscriber.state === 'behind')).toBe(true);
    await world.pass(60_000, 50);
    const all = world.changes.map((change) => change.sequence);
    for (const { sink } of overtaken) expect([...sink.sequences].sort((a, b) => a - b)).toEqual(all);
  });

  test('one whose slot comes when no more can be remembered gets that change too', async () => {
    const exceptions = [{ pattern: '**/slow/**', deliveriesPerSecond: 10 }];
    const world = await open({ pace: { ...pace, burst: 50, exceptions } });
    crowd(world, 200, new Watch(world), 'slow/a');
    crowd(world, 200, new Watch(world), 'team/c');
    const members = Array.from({ length: 20 }, () =>
      world.join({ repository: ['slow/a', 'team/b', 'team/c'], paced: true }),
    );
    await world.push('slow/a');
    await world.settle();
    for (let n = 0; n < 1_024; n++) await world.push('team/b', `t${n}`);
    await world.settle();
    expect(members.some(({ subscriber }) => subscriber.ahead?.size === 1_024)).toBe(true);
    expect(members.every(({ subscriber }) => subscriber.state === 'live')).toBe(true);
    await world.push('team/c');
    await world.pass(60_000, 50);
    const all = world.changes.map((change) => change.sequence);
    for (const { sink } of members) expect([...sink.sequences].sort((a, b) => a - b)).toEqual(all);
  });

  test('what is held back shows in the gauges', async () => {
    const metrics = countingMetrics();
    const world = await open({ pace, metrics });
    crowd(world, 2_000, new Watch(world));
    await world.push('team/a');
    await world.settle();
    expect(metrics.value('pace_held_deliveries')).toBe(2_000);
    expect(metrics.value('pace_window_seconds')).toBe(2);
    await world.pass(2_100);
    expect(metrics.value('pace_held_deliveries')).toBe(0);
    expect(metrics.value('pace_window_seconds')).toBe(0);
  });
});
