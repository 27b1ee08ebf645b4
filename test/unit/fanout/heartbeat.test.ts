import { describe, expect, test } from 'vitest';
import { drain as closeAll } from '../../../src/fanout/drain.ts';
import { startHeartbeat } from '../../../src/fanout/heartbeat.ts';
import { type Member, openWorld, type World } from '../../support/hub-world.ts';

const intervalMs = 20_000;
const beat = (world: World) =>
  startHeartbeat({ hub: world.hub, intervalMs, clock: world.clock, random: () => 0.5 });

function watch(world: World, members: readonly Member[]): number[][] {
  return members.map(({ sink }) => {
    const times: number[] = [];
    sink.onHeard = (heard) => {
      if (heard.kind === 'beat' || heard.kind === 'end') times.push(world.clock.monotonic());
    };
    return times;
  });
}

const join = (world: World, count: number) =>
  Array.from({ length: count }, () => world.join({ repository: ['team/a'] }));

describe('heartbeats', () => {
  test('each subscriber has one in each interval, and all are spread over it', async () => {
    const world = await openWorld();
    const members = join(world, 1_000);
    const times = watch(world, members);
    const stop = beat(world);
    await world.pass(3 * intervalMs, 100);
    for (const each of times) {
      expect(each).toHaveLength(3);
      expect((each[1] ?? 0) - (each[0] ?? 0)).toBe(intervalMs);
    }
    const first = new Map<number, number>();
    for (const [at] of times) if (at !== undefined) first.set(at, (first.get(at) ?? 0) + 1);
    expect(Math.max(...first.values())).toBeLessThanOrEqual(10);
    stop();
    stop();
    await world.pass(2 * intervalMs, 100);
    expect(times[0]).toHaveLength(3);
  });

  test('nobody waits longer than an interval while the table grows', async () => {
    const world = await openWorld();
    const members = join(world, 500);
    const times = watch(world, members);
    const stop = beat(world);
    for (let step = 0; step < 60; step++) {
      await world.pass(1_000, 200);
      const more = join(world, 100);
      members.push(...more);
      times.push(...watch(world, more));
    }
    const now = world.clock.monotonic();
    for (const each of times.slice(0, 4_000)) {
      const gaps = [...each, now].map((at, n) => at - (each[n - 1] ?? at));
      expect(Math.max(...gaps)).toBeLessThanOrEqual(intervalMs + 400);
      expect(each.length).toBeGreaterThan(0);
    }
    stop();
  });

  test('a bookmark is the resume position, also in the middle of a fan-out', async () => {
    const world = await openWorld();
    const [member] = join(world, 1);
    const quiet = world.join({ repository: ['team/quiet'] });
    const stop = beat(world);
    await world.push('team/a');
    await world.push('team/a');
    await world.settle();
    await world.pass(intervalMs, 200);
    expect(member?.sink.of('beat').at(-1)?.resume).toBe(2);
    expect(quiet.sink.of('beat').at(-1)?.resume).toBe(2);
    stop();
  });

  test('one whose start is not known yet is only kept awake, and one that is blocked is left alone', async () => {
    const world = await openWorld();
    world.ledger.held = true;
    const starting = world.join({ repository: ['team/a'], start: world.after(0) });
    const blocked = world.join({ repository: ['team/b'] });
    blocked.sink.room = 1;
    await world.push('team/b');
    const stop = beat(world);
    await world.pass(intervalMs, 200);
    expect(starting.sink.heard).toEqual([{ kind: 'beat', bookmark: '', resume: null }]);
    expect(blocked.sink.of('beat')).toEqual([]);
    stop();
  });

  test('beats go on while fan-out never ends', async () => {
    const outer = await openWorld();
    let now = 0;
    // Held for too long at each look: fan-out yields whenever it may, and never gets to its end here.
    const clock = { ...outer.clock, monotonic: () => (now += 100) };
    const world = await openWorld({ clock, ledger: outer.ledger });
    const members = join(world, 500);
    await outer.push('team/a');
    const stop = startHeartbeat({ hub: world.hub, intervalMs, clock: outer.clock, random: () => 0.5 });
    expect(world.hub.fanningOut).toBe(true);
    outer.clock.advance(intervalMs);
    for (const { sink } of members) expect(sink.of('beat')).toHaveLength(1);
    stop();
  });

  test('after its lifetime a connection is asked to come back, each at its own time', async () => {
    const world = await openWorld({ connectionLifetimeMs: 1_000_000 });
    const members = join(world, 200);
    const times = watch(
      world,
      members.map((member) => member),
    );
    const stop = beat(world);
    await world.pass(790_000, 1_000);
    expect(world.hub.table.size).toBe(200);
    await world.pass(100_000, 1_000);
    expect(world.hub.table.size).toBeGreaterThan(60);
    expect(world.hub.table.size).toBeLessThan(140);
    await world.pass(140_000, 1_000);
    expect(world.hub.table.size).toBe(0);
    expect(times.length).toBe(200);
    for (const { sink } of members) expect(sink.of('end')).toMatchObject([{ why: 'LIFETIME', resume: 0 }]);
    stop();
  });
});

describe('drain', () => {
  test('closes all evenly over the window, each with a bookmark and its own retry', async () => {
    const world = await openWorld();
    const members = join(world, 1_000);
    await world.push('team/a');
    await world.settle();
    const times = watch(world, members);
    const startedAt = world.clock.monotonic();
    let seed = 0;
    const done = closeAll({
      hub: world.hub,
      windowMs: 10_000,
      clock: world.clock,
      random: () => (seed = (seed + 0.377) % 1),
    });
    await world.pass(10_000, 50);
    await done;
    const bins = new Map<number, number>();
    for (const [at] of times) {
      const bin = Math.floor(((at ?? 0) - startedAt) / 1_000);
      bins.set(bin, (bins.get(bin) ?? 0) + 1);
    }
    expect(bins.size).toBe(10);
    for (const count of bins.values()) expect(Math.abs(count - 100)).toBeLessThanOrEqual(5);
    const retries = new Set(members.map(({ sink }) => sink.of('end')[0]?.retryMs));
    expect(retries.size).toBeGreaterThan(900);
    for (const { sink } of members) expect(sink.of('end')).toMatchObject([{ why: 'DRAINING', resume: 1 }]);
    expect(world.hub.table.size).toBe(0);
  });

  test('closes whoever is left at once when it is aborted', async () => {
    const world = await openWorld();
    join(world, 100);
    const abort = new AbortController();
    const done = closeAll({
      hub: world.hub,
      windowMs: 10_000,
      clock: world.clock,
      random: () => 0.5,
      signal: abort.signal,
    });
    await world.pass(1_000, 50);
    expect(world.hub.table.size).toBeGreaterThan(80);
    abort.abort();
    await done;
    expect(world.hub.table.size).toBe(0);
  });
});
