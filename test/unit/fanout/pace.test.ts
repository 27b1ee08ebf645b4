import { afterEach, describe, expect, test } from 'vitest';
import { parsePosition } from '../../../src/event/position.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { bins, closeWorlds, crowd, open, pace, Watch } from '../../support/pace-world.ts';

afterEach(closeWorlds);

describe('pace', () => {
  test('spreads 10,000 subscribers at 1,000 a second evenly over 10 s', async () => {
    const world = await open({ pace });
    const watch = new Watch(world);
    const members = crowd(world, 10_000, watch);
    await world.push('team/a');
    await world.pass(12_000);
    expect(watch.times).toHaveLength(10_000);
    expect(members.every(({ sink }) => sink.sequences.length === 1)).toBe(true);
    expect(Math.max(...watch.times)).toBeGreaterThan(9_800);
    expect(Math.max(...watch.times)).toBeLessThan(10_200);
    expect(Math.max(...bins(watch.times))).toBeLessThanOrEqual(120);
    // None early: by any moment at most as many as R allows, and the one whose slot is now.
    const early = watch.times.filter((at, index) => index > at + 1e-6);
    expect(early).toEqual([]);
    expect(world.hub.pacer.idle).toBe(true);
  });

  test('a change taken in between two steps is not early either', async () => {
    const exceptions = [{ pattern: '**/slow/**', deliveriesPerSecond: 1 }];
    const world = await open({ pace: { ...pace, burst: 1, exceptions } });
    const watch = new Watch(world);
    crowd(world, 200, watch);
    crowd(world, 200, watch, 'slow/a');
    // Keeps the steps going, in a budget of its own.
    await world.push('slow/a');
    await world.pass(100);
    world.clock.advance(9);
    await world.push('team/a');
    await world.settle();
    world.clock.advance(1);
    await world.settle();
    expect(watch.of(2).length).toBeGreaterThan(0);
    expect(watch.of(2).length).toBeLessThanOrEqual(2);
  });

  test('up to burst subscribers get a change at once', async () => {
    const world = await open({ pace });
    const watch = new Watch(world);
    crowd(world, 100, watch);
    await world.push('team/a');
    await world.settle();
    expect(watch.times).toHaveLength(100);
  });

  test('a later change for few overtakes a held-back one, but never one of its own tag', async () => {
    const world = await open({ pace: { ...pace, burst: 3 } });
    const watch = new Watch(world);
    const many = crowd(world, 500, watch);
    const few = world.join({ repository: ['team/a', 'team/b'], paced: true });
    await world.push('team/a');
    await world.settle();
    await world.push('team/b');
    await world.push('team/a');
    await world.settle();
    expect(few.sink.sequences).toEqual([2]);
    // It has not had the first change, so it may not resume after it.
    expect(few.sink.changes[0]?.resume).toBe(0);
    expect(parsePosition(world.hub.resumeOf(few.subscriber))?.sequence).toBe(0);
    await world.pass(2_000);
    expect(few.sink.sequences).toEqual([2, 1, 3]);
    for (const { sink } of many) expect(sink.sequences).toEqual([1, 3]);
    expect(parsePosition(world.hub.resumeOf(few.subscriber))?.sequence).toBe(3);
  });

  test('small changes that go out at once are paid for by what is held back', async () => {
    const world = await open({ pace });
    const watch = new Watch(world);
    crowd(world, 2_000, watch);
    crowd(world, 100, watch, 'team/b');
    await world.push('team/a');
    for (let second = 0; second < 10; second++) {
      await world.push('team/b');
      await world.pass(100);
    }
    await world.pass(3_000);
    expect(watch.times).toHaveLength(3_000);
    const last = Math.max(...watch.of(1));
    expect(last).toBeGreaterThan(2_800);
    expect(last).toBeLessThan(3_100);
  });

  test('three gateways with uneven counts together stay within 5 % of the mean', async () => {
    const counts = [7_000, 137, 2_863];
    const times: number[] = [];
    for (const [node, count] of counts.entries()) {
      const countsOf = (_key: string, own: number) => ({
        node,
        counts: counts.map((each, index) => (index === node ? own : each)),
      });
      const world = await open({ pace, countsOf });
      const watch = new Watch(world);
      crowd(world, count, watch);
      await world.push('team/a');
      await world.pass(11_000);
      times.push(...watch.times);
    }
    expect(times).toHaveLength(10_000);
    const counted = bins(times);
    expect(Math.max(...counted)).toBeLessThanOrEqual(105);
    // The first bin begins with one delivery rather than with a step's worth.
    expect(Math.min(...counted.slice(1, 99))).toBeGreaterThanOrEqual(95);
  });

  test('other gateways are taken to want a tag in the proportion in which it is wanted here', async () => {
    const world = await open({ pace, countsOf: (_key, own) => ({ node: 1, counts: [own, own, own] }) });
    const watch = new Watch(world);
    const join = (tag: string) => watch.on(world.join({ repository: ['team/a'], tag: [tag], paced: true }));
    for (let n = 0; n < 1_980; n++) join('latest');
    for (let n = 0; n < 20; n++) join('1.0');
    await world.push('team/a', '1.0');
    await world.settle();
    // 60 at all three gateways: within the burst, though 6,000 watch the repository.
    expect(watch.of(1)).toHaveLength(20);
    await world.push('team/a', 'nobody');
    await world.push('team/a', 'latest');
    await world.pass(6_200);
    expect(watch.of(3)).toHaveLength(1_980);
    expect(Math.max(...watch.of(3))).toBeGreaterThan(5_800);
  });

  test('a storm of reconnects in the middle of the window keeps to R, and loses nothing', async () => {
    const world = await open({ pace });
    const watch = new Watch(world);
    let members = crowd(world, 10_000, watch);
    await world.push('team/a');
    await world.pass(3_000);
    const had = watch.times.length;
    members = members.map(({ subscriber, sink }) => {
      const position = parsePosition(world.hub.resumeOf(subscriber));
      world.hub.disconnect(subscriber);
      const member = world.connect({ paced: true });
      watch.on(member);
      if (position === null) throw new Error('a live subscriber has a position');
      world.subscribe(member, { repository: ['team/a'], start: { kind: 'after', ...position } });
      return sink.sequences.length > 0 ? { ...member, sink } : member;
    });
    await world.pass(9_000);
    expect(members.every(({ sink }) => sink.sequences.length === 1)).toBe(true);
    expect(watch.times.length).toBe(10_000);
    expect(had).toBeGreaterThan(2_900);
    expect(Math.max(...bins(watch.times))).toBeLessThanOrEqual(120);
    expect(Math.max(...watch.times)).toBeLessThan(10_500);
  });

  test('catch-ups that come and go, as long-polls do, spend from the budget', async () => {
    const world = await open({ pace });
    const watch = new Watch(world);
    await world.push('team/a');
    watch.begin();
    for (let n = 0; n < 3_000; n++) {
      const member = world.connect({ paced: true });
      watch.on(member);
      const { onHeard } = member.sink;
      member.sink.onHeard = (heard) => {
        onHeard(heard);
        if (heard.kind === 'change') setImmediate(() => world.hub.disconnect(member.subscriber));
      };
      world.subscribe(member, { repository: ['team/a'], start: world.after(0) });
    }
    await world.pass(4_000);
    expect(watch.times).toHaveLength(3_000);
    const counted = bins(watch.times);
    expect(counted[0]).toBeLessThanOrEqual(210);
    expect(Math.max(...counted.slice(1))).toBeLessThanOrEqual(120);
    expect(world.hub.table.size).toBe(0);
  });

  test('catch-ups spend an even part of R at each gateway, whoever had the subscribers before', async () => {
    let others: readonly number[] = [10_000, 500];
    const world = await open({ pace, countsOf: (_key, own) => ({ node: 2, counts: [...others, own, 0] }) });
    await world.push('team/a');
    await world.pass(12_000);
    others = [0, 0];
    const watch = new Watch(world);
    for (let n = 0; n < 1_000; n++) {
      watch.on(world.join({ repository: ['team/a'], start: world.after(0), paced: true }));
    }
    await world.pass(2_000);
    expect(watch.times.length).toBeGreaterThan(550);
    expect(watch.times.length).toBeLessThanOrEqual(100 + 500 + 20);
    await world.pass(2_000);
    expect(watch.times).toHaveLength(1_000);
  });

  test('whoever hangs up while it waits leaves the queue, and its turn to the next', async () => {
    const world = await open({ pace: { ...pace, deliveriesPerSecond: 10, burst: 1 } });
    const watch = new Watch(world);
    await world.push('team/a');
    for (let n = 0; n < 5_000; n++) {
      const member = world.join({ repository: ['team/a'], start: world.after(0), paced: true });
      await Promise.resolve();
      world.hub.disconnect(member.subscriber);
    }
    await world.settle();
    expect(world.hub.pacer.describe()).toMatchObject({ waitingReplays: 0 });
    const member = world.join({ repository: ['team/a'], start: world.after(0), paced: true });
    watch.on(member);
    await world.pass(300);
    expect(member.sink.sequences).toEqual([1]);
  });

  test('a lone subscriber that replays 10,000 changes is not held up', async () => {
    const world = await open({ pace });
    for (let n = 0; n < 10_000; n++) await world.push('team/a');
    const { sink } = world.join({ repository: ['team/a'], start: world.after(0), paced: true });
    await world.pass(1_000);
    expect(sink.sequences).toHaveLength(10_000);
    expect(sink.kinds).toEqual(['subscribed', 'ready']);
  });

  test('what is due at once, with R far above what can be written, is written in turns of the event loop', async () => {
    let writes = 0;
    const time = fakeClock();
    // Each write takes a tenth of a millisecond.
    const clock = { ...time, monotonic: () => time.monotonic() + writes * 0.1 };
    const world = await open({ clock, pace: { ...pace, deliveriesPerSecond: 10_000_000, burst: 0 } });
    const members = crowd(world, 2_000, new Watch(world));
    for (const { sink } of members) sink.onHeard = (heard) => heard.kind === 'change' && writes++;
    await world.push('team/a');
    let peak = 0;
    for (let turns = 0; writes < 2_000 && turns < 1_000; turns++) {
      const before = writes;
      time.advance(1);
      await new Promise(setImmediate);
      peak = Math.max(peak, writes - before);
    }
    expect(writes).toBe(2_000);
    expect(members.every(({ sink }) => sink.sequences.length === 1)).toBe(true);
    expect(peak).toBeLessThanOrEqual(2 * 128);
  });

  test('with R far above what can be written a change is out after two steps', async () => {
    const world = await open({ pace: { ...pace, deliveriesPerSecond: 10_000_000, burst: 0 } });
    const watch = new Watch(world);
    crowd(world, 15_000, watch);
    await world.push('team/a');
    await world.pass(5, 1);
    expect(watch.times).toHaveLength(15_000);
    expect(Math.max(...watch.times)).toBeLessThanOrEqual(3);
  });
});
