import { afterEach, describe, expect, test } from 'vitest';
import { Turns } from '../../../src/fanout/turns.ts';
import { countingMetrics } from '../../support/counting-metrics.ts';
import { block, drain, openWorld, type World, type WorldOptions } from '../../support/hub-world.ts';

const worlds: World[] = [];
async function open(options: WorldOptions = {}): Promise<World> {
  const world = await openWorld(options);
  worlds.push(world);
  return world;
}
afterEach(() => {
  for (const world of worlds.splice(0)) world.hub.close();
});

describe('the hub', () => {
  test('a subscription is confirmed, made ready, and gets what matches from then on', async () => {
    const world = await open();
    await world.push('team/a');
    await world.settle();
    const { sink } = world.join({ id: 's', repository: ['team/a'], tag: ['1.*'] });
    await world.push('team/a', '1.2');
    await world.push('team/a', '2.0');
    await world.push('team/b', '1.2');
    await world.settle();
    const { epoch } = world.hub.head;
    expect(sink.heard).toMatchObject([
      { kind: 'subscribed', id: 's' },
      { kind: 'ready', id: 's', position: `${epoch}-1` },
      { kind: 'change', sequence: 2, resume: 2 },
    ]);
  });

  test('a position of another epoch, below the floor or ahead of the head is reset, with the floor', async () => {
    const world = await open({ maxChanges: 5 });
    for (let n = 0; n < 20; n++) await world.push('team/a');
    await world.ledger.trim();
    const { epoch } = world.hub.head;
    const starts = [
      [{ kind: 'after', epoch: 'elsewhere', sequence: 3 }, 'epoch'],
      [world.after(3), 'below-floor'],
      [world.after(21), 'ahead-of-head'],
    ] as const;
    for (const [start, reason] of starts) {
      const { sink } = world.join({ repository: ['team/a'], start });
      await world.settle();
      expect(sink.heard).toMatchObject([
        { kind: 'subscribed' },
        { kind: 'reset', reason, position: `${epoch}-20`, floor: `${epoch}-15` },
        { kind: 'ready', position: `${epoch}-20` },
      ]);
    }
  });

  test('a snapshot comes before the changes, in bounded steps that follow the socket', async () => {
    const world = await open();
    for (let n = 0; n < 1_200; n++) await world.push('team/a', `t${n}`);
    const member = world.connect();
    member.sink.room = 100;
    world.subscribe(member, { repository: ['team/a'], snapshot: true });
    await world.settle();
    expect(member.sink.of('state')).toHaveLength(99);
    drain(member);
    await world.settle();
    expect(member.sink.of('state')).toHaveLength(1_200);
    expect(member.sink.kinds.at(-1)).toBe('ready');
    expect(member.sink.sequences).toEqual([]);
  });

  test('changes made while a snapshot is read come after it', async () => {
    const world = await open();
    await world.push('team/a', 'old');
    world.ledger.held = true;
    const { sink } = world.join({ repository: ['team/a'], snapshot: true });
    await world.settle();
    world.ledger.release();
    await world.settle();
    await world.push('team/a', 'new');
    world.ledger.held = false;
    world.ledger.release();
    await world.settle();
    const kinds = sink.heard.map(({ kind }) => kind);
    expect(kinds[0]).toBe('subscribed');
    expect(kinds.slice(-2)).toEqual(['change', 'ready']);
    expect(new Set(kinds.slice(1, -2))).toEqual(new Set(['state']));
    expect(sink.sequences).toEqual([2]);
  });

  test('a snapshot stops where its subscription ends', async () => {
    const world = await open();
    for (let n = 0; n < 300; n++) await world.push('team/a', `t${n}`);
    const member = world.connect();
    member.sink.room = 10;
    world.subscribe(member, { id: 's', repository: ['team/a'], snapshot: true });
    await world.settle();
    expect(world.hub.unsubscribe(member.subscriber, 's')).toBe(true);
    drain(member);
    await world.settle();
    expect(member.sink.of('state').length).toBeLessThan(15);
    expect(member.sink.of('ready')).toEqual([]);
  });

  test('one that ends before its start is resolved is never confirmed', async () => {
    const world = await open();
    await world.push('team/a');
    world.ledger.held = true;
    const member = world.join({ id: 's', repository: ['team/a'], start: world.after(0) });
    await world.settle();
    expect(world.hub.unsubscribe(member.subscriber, 's')).toBe(true);
    expect(world.hub.unsubscribe(member.subscriber, 's')).toBe(false);
    world.ledger.held = false;
    world.ledger.release();
    await world.settle();
    expect(member.sink.heard).toEqual([]);
  });

  test('a subscription that ends while its replay waits for its turn gets nothing more, and the turn goes back', async () => {
    const world = await open({ pace: { deliveriesPerSecond: 10, burst: 1, maxWindowMs: 600_000 } });
    await world.push('team/a');
    const first = world.join({ repository: ['team/a'], start: world.after(0), paced: true });
    const ended = world.join({ id: 's', repository: ['team/a'], start: world.after(0), paced: true });
    const last = world.join({ repository: ['team/a'], start: world.after(0), paced: true });
    await world.settle();
    world.hub.unsubscribe(ended.subscriber, 's');
    await world.pass(130);
    expect(first.sink.sequences).toEqual([1]);
    expect(ended.sink.sequences).toEqual([]);
    await world.pass(20);
    expect(last.sink.sequences).toEqual([1]);
  });

  test('a later subscription of a connection replays alone, and both go on together', async () => {
    const world = await open({ history: { pageSize: 2, maxFrames: 1 } });
    for (let n = 0; n < 12; n++) await world.push(n % 2 === 0 ? 'team/a' : 'team/b');
    const member = world.join({ id: 'a', repository: ['team/a'] });
    block(member);
    await world.push('team/a');
    for (let n = 0; n < 6; n++) await world.push(n % 2 === 0 ? 'team/b' : 'team/a');
    await world.settle();
    world.subscribe(member, { id: 'b', repository: ['team/b'], start: world.after(6) });
    drain(member);
    await world.settle();
    await world.push('team/b');
    await world.settle();
    const seen = [...member.sink.sequences].sort((x, y) => x - y);
    expect(seen).toEqual([8, 10, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  });

  test('one that joins in the middle of a fan-out does not get that change', async () => {
    const outer = await open();
    let now = 0;
    const clock = { ...outer.clock, monotonic: () => (now += 100) };
    const world = await open({ clock, ledger: outer.ledger });
    for (let n = 0; n < 500; n++) world.join({ repository: ['team/a'] });
    const other = world.join({ id: 'b', repository: ['team/b'] });
    const empty = world.join({ id: 'c', repository: ['team/c'] });
    world.hub.unsubscribe(empty.subscriber, 'c');
    await outer.push('team/a');
    await new Promise(setImmediate);
    expect(world.hub.fanningOut).toBe(true);
    for (const member of [other, empty]) world.subscribe(member, { id: 'a', repository: ['team/a'] });
    for (let turn = 0; turn < 10; turn++) await world.settle();
    expect([other.sink.sequences, empty.sink.sequences]).toEqual([[], []]);
    await outer.push('team/a');
    for (let turn = 0; turn < 10; turn++) await world.settle();
    expect([other.sink.sequences, empty.sink.sequences]).toEqual([[2], [2]]);
  });

  test('many small fan-outs yield to the event loop as one large one does', async () => {
    const outer = await open();
    let now = 0;
    const clock = { ...outer.clock, monotonic: () => (now += 1) };
    const world = await open({ clock, ledger: outer.ledger });
    const { sink } = world.join({ repository: ['team/a'] });
    for (let n = 0; n < 1_000; n++) void outer.push('team/a');
    await Promise.resolve();
    let turns = 0;
    while (sink.sequences.length < 1_000 && turns < 1_000) {
      await new Promise(setImmediate);
      turns++;
    }
    expect(turns).toBeGreaterThan(50);
    expect(turns).toBeLessThan(1_000);
  });

  test('thousands that catch up from memory leave turns of the event loop to others', async () => {
    const world = await open();
    for (let n = 0; n < 100; n++) await world.push('team/a');
    await world.settle();
    const members = Array.from({ length: 200 }, () =>
      world.join({ repository: ['team/a'], start: world.after(0) }),
    );
    const live = () => members.filter(({ subscriber }) => subscriber.state === 'live').length;
    let turns = 0;
    let most = 0;
    for (let before = 0; live() < members.length && turns < 500; before = live(), turns++) {
      await new Promise(setImmediate);
      most = Math.max(most, live() - before);
    }
    expect(live()).toBe(200);
    expect(most).toBeLessThanOrEqual(20);
  });

  test('one that was dismissed has its place free again, and hears nothing more', async () => {
    const world = await open();
    const member = world.join({ repository: ['team/a'] });
    world.hub.dismiss(member.subscriber, 'UNAVAILABLE', 1_000);
    world.hub.dismiss(member.subscriber, 'UNAVAILABLE', 1_000);
    world.hub.disconnect(member.subscriber);
    await world.push('team/a');
    await world.settle();
    expect(member.sink.kinds).toEqual(['subscribed', 'ready', 'end']);
    const next = world.connect();
    expect(next.subscriber.row).toBe(member.subscriber.row);
    expect([world.hub.table.size, world.hub.table.length]).toEqual([1, 1]);
  });

  test('what goes wrong in a sink ends that connection alone', async () => {
    const world = await open();
    const member = world.join({ repository: ['team/a'] });
    const other = world.join({ repository: ['team/a'] });
    block(member);
    await world.push('team/a');
    await world.push('team/a');
    await world.settle();
    member.sink.onHeard = (heard) => {
      if (heard.kind === 'change') throw new Error('broken');
    };
    drain(member);
    await world.settle();
    expect(member.sink.of('end')).toMatchObject([{ why: 'INTERNAL' }]);
    expect(other.sink.sequences).toEqual([1, 2]);
  });

  test('counts deliveries and those who are behind', async () => {
    const metrics = countingMetrics();
    const world = await open({ metrics });
    world.join({ repository: ['team/a'] });
    const slow = world.join({ repository: ['team/a'] });
    block(slow);
    for (let n = 0; n < 3; n++) await world.push('team/a');
    await world.settle();
    metrics.value('subscribers');
    expect(metrics.value('deliveries_total')).toBe(4);
    expect(metrics.value('subscribers_behind')).toBe(1);
    expect(metrics.value('lag_positions')).toBe(2);
  });

  test('close is idempotent, and ends every catch-up', async () => {
    const world = await open();
    await world.push('team/a');
    world.ledger.held = true;
    const member = world.join({ repository: ['team/a'], start: world.after(0) });
    await world.settle();
    world.hub.close();
    world.hub.close();
    world.ledger.release();
    await world.settle();
    expect(member.sink.heard).toEqual([]);
    expect(world.hub.table.size).toBe(0);
  });
});

describe('turns', () => {
  test('are given in order, so many frames in each turn of the event loop', async () => {
    const turns = new Turns();
    const order: number[] = [];
    const ask = async (n: number) => {
      await (turns.take() ?? undefined);
      turns.spend(255);
      order.push(n);
    };
    const all = Array.from({ length: 10 }, (_, n) => ask(n));
    expect(order.length).toBeLessThanOrEqual(4);
    await new Promise(setImmediate);
    expect(order.length).toBeLessThanOrEqual(8);
    await Promise.all(all);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(turns.waiting).toBe(0);
  });
});
