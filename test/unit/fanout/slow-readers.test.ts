import { afterEach, describe, expect, test } from 'vitest';
import { parsePosition } from '../../../src/event/position.ts';
import { startHeartbeat } from '../../../src/fanout/heartbeat.ts';
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

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

describe('slow and dead readers', () => {
  test('a reader whose socket is full is written nothing more, and is fed from the ledger when it drains', async () => {
    const world = await open();
    const slow = world.join({ repository: ['team/a'] });
    const fast = world.join({ repository: ['team/a'] });
    block(slow);
    for (let n = 0; n < 1_000; n++) await world.push('team/a');
    await world.settle();
    expect(slow.sink.sequences).toEqual([1]);
    expect(slow.sink.bytesWhileFull).toBe(0);
    expect(fast.sink.sequences).toEqual(numbers(1, 1_000));
    drain(slow, 10);
    await world.settle();
    expect(slow.sink.sequences).toEqual(numbers(1, 11));
    drain(slow);
    await world.settle();
    expect(slow.sink.sequences).toEqual(numbers(1, 1_000));
    expect(slow.subscriber.state).toBe('live');
    await world.push('team/a');
    await world.settle();
    expect(slow.sink.sequences).toEqual(numbers(1, 1_001));
    expect(slow.sink.kinds).toEqual(['subscribed', 'ready']);
  });

  test('a stalled reader is closed with a position that it can resume after', async () => {
    const world = await open({ stalledTimeoutMs: 60_000 });
    const stop = startHeartbeat({
      hub: world.hub,
      intervalMs: 20_000,
      clock: world.clock,
      random: () => 0.5,
    });
    const slow = world.join({ repository: ['team/a'] });
    await world.push('team/a');
    block(slow);
    await world.push('team/a');
    await world.push('team/a');
    await world.pass(59_000, 500);
    expect(slow.sink.of('end')).toEqual([]);
    await world.pass(23_000, 500);
    expect(slow.sink.of('end')).toMatchObject([{ why: 'TOO_SLOW', resume: 2 }]);
    expect(world.hub.table.size).toBe(0);
    const back = world.join({ repository: ['team/a'], start: world.after(2) });
    await world.settle();
    expect(back.sink.sequences).toEqual([3]);
    stop();
  });

  test('a stalled reader that goes on subscribing does not look as if it drained', async () => {
    const world = await open({ stalledTimeoutMs: 60_000 });
    const slow = world.join({ id: 'a', repository: ['team/a'] });
    block(slow);
    await world.push('team/a');
    await world.settle();
    await world.pass(40_000, 1_000);
    world.subscribe(slow, { id: 'b', repository: ['team/b'] });
    await world.pass(30_000, 1_000);
    expect(world.hub.overdue(slow.subscriber)).toBe('TOO_SLOW');
  });

  test('one that is told `subscribed` as its socket fills up loses nothing that was held back for it', async () => {
    const world = await open({ pace: { deliveriesPerSecond: 10, burst: 1, maxWindowMs: 600_000 } });
    const others = Array.from({ length: 50 }, () => world.join({ repository: ['team/a'], paced: true }));
    await world.push('team/a');
    await world.settle();
    const waiting = others.filter(({ sink }) => sink.sequences.length === 0);
    for (const member of waiting) {
      block(member);
      world.subscribe(member, { id: 'second', repository: ['team/b'] });
    }
    for (const member of waiting) drain(member);
    await world.pass(10_000, 50);
    for (const { sink } of others) expect(sink.sequences).toEqual([1]);
  });

  test('one that fell below the floor is told so, and goes on at the head', async () => {
    const world = await open({ maxChanges: 5, history: { maxFrames: 1 } });
    const slow = world.join({ id: 's', repository: ['team/**'] });
    block(slow);
    for (let n = 0; n < 30; n++) await world.push('team/a');
    await world.settle();
    await world.ledger.trim();
    drain(slow);
    await world.settle();
    expect(slow.sink.of('reset')).toMatchObject([{ id: 's', reason: 'below-floor' }]);
    const { epoch } = world.hub.head;
    expect(slow.sink.of('reset')).toMatchObject([{ position: `${epoch}-30`, floor: `${epoch}-25` }]);
    await world.push('team/a');
    await world.settle();
    expect(slow.sink.sequences).toEqual([1, 31]);
  });

  test('a subscription that falls below the floor while it waits to join is told so too', async () => {
    const world = await open({ maxChanges: 5, history: { maxFrames: 1, pageSize: 2 } });
    const member = world.join({ id: 'first', repository: ['team/a'] });
    block(member);
    for (let n = 0; n < 20; n++) await world.push('team/a');
    await world.settle();
    world.subscribe(member, { id: 'second', repository: ['team/b'] });
    for (let n = 0; n < 20; n++) await world.push('team/b');
    await world.ledger.trim();
    drain(member);
    await world.settle();
    expect(member.sink.of('subscribed').map(({ id }) => id)).toEqual(['first', 'second']);
    expect(
      member.sink
        .of('reset')
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['first', 'second']);
    await world.push('team/b');
    await world.settle();
    expect(member.sink.sequences.at(-1)).toBe(41);
  });

  test('an overrun queue loses nothing', async () => {
    const world = await open({ maxQueuedChanges: 10 });
    const members = Array.from({ length: 5 }, () => world.join({ repository: ['team/a'] }));
    const late = world.join({ repository: ['team/b'] });
    for (let n = 0; n < 100; n++) void world.push('team/a');
    await world.settle();
    for (const { sink } of members) {
      expect(sink.sequences).toEqual(numbers(1, 100));
      expect(sink.kinds).toEqual(['subscribed', 'ready']);
    }
    world.hub.subscribe(late.subscriber, {
      id: 'x',
      filter: members[0]?.subscriber.subscriptions[0]?.group.filter ?? never(),
      start: { kind: 'live' },
      snapshot: false,
    });
    await world.push('team/a');
    await world.settle();
    expect(late.sink.sequences).toEqual([101]);
  });

  test('whoever subscribes while all are left behind gets what comes after, once', async () => {
    const world = await open({ maxQueuedChanges: 3 });
    const member = world.join({ id: 'a', repository: ['team/a'] });
    const pushes = numbers(1, 10).map(() => world.push('team/a'));
    await Promise.all(pushes);
    world.subscribe(member, { id: 'b', repository: ['team/b'] });
    await world.settle();
    await world.push('team/b');
    await world.settle();
    expect(member.sink.sequences).toEqual(numbers(1, 11));
    expect(member.sink.of('ready').map(({ id }) => id)).toEqual(['a', 'b']);
  });

  test('a hole in what the tail says is read from the ledger', async () => {
    const world = await open();
    const member = world.join({ repository: ['team/a'] });
    world.ledger.deaf = true;
    await world.push('team/a');
    await world.push('team/a');
    world.ledger.deaf = false;
    await world.push('team/a');
    await world.settle();
    expect(member.sink.sequences).toEqual([1, 2, 3]);
  });

  test('while the ledger is away a reader that is behind waits, and then goes on', async () => {
    const world = await open({ history: { maxFrames: 1 } });
    const member = world.join({ repository: ['team/a'] });
    block(member);
    for (let n = 0; n < 20; n++) await world.push('team/a');
    await world.settle();
    world.ledger.away = true;
    drain(member);
    await world.pass(30_000, 500);
    expect(member.sink.sequences).toEqual([1]);
    expect(member.sink.kinds).toEqual(['subscribed', 'ready']);
    expect(world.ledger.reads).toBeLessThan(60);
    world.ledger.away = false;
    await world.pass(5_000, 500);
    expect(member.sink.sequences).toEqual(numbers(1, 20));
  });

  test('a thousand readers that are behind read each page of the ledger once', async () => {
    const world = await open({ history: { maxFrames: 1, pageSize: 50 } });
    for (let n = 0; n < 500; n++) await world.push('team/a');
    const members = Array.from({ length: 1_000 }, () =>
      world.join({ repository: ['team/a'], start: world.after(0) }),
    );
    // 500,000 frames, of which each turn of the event loop may bring 512.
    for (let turn = 0; turn < 1_500; turn++) await new Promise(setImmediate);
    for (const { sink } of members) expect(sink.sequences).toEqual(numbers(1, 500));
    expect(world.ledger.reads).toBeLessThan(100);
  });

  test('positions that are told never fall while a reader falls behind and catches up', async () => {
    const world = await open({ history: { pageSize: 3 } });
    const member = world.join({ repository: ['team/a'] });
    const told: number[] = [];
    const look = () => told.push(parsePosition(world.hub.resumeOf(member.subscriber))?.sequence ?? -1);
    member.sink.onHeard = (heard) => heard.kind === 'change' && told.push(heard.resume);
    for (let n = 0; n < 40; n++) {
      if (n % 7 === 3) block(member);
      if (n % 7 === 6) drain(member);
      await world.push(n % 2 === 0 ? 'team/a' : 'team/b');
      look();
      if (n % 3 === 0) await world.settle();
      look();
    }
    expect(told).toEqual([...told].sort((a, b) => a - b));
  });
});

function never(): never {
  throw new Error('a live member has a subscription');
}
