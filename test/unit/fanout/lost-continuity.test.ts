import { afterEach, describe, expect, test } from 'vitest';
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

const lose = (world: World) => world.ledger.loseContinuity();

describe('when the ledger loses continuity', () => {
  test('a live subscriber is told, and gets what comes after, whatever its old numbers were', async () => {
    const world = await open();
    const member = world.join({ id: 's', repository: ['team/a'] });
    for (let n = 0; n < 5; n++) await world.push('team/a');
    await world.settle();
    await lose(world);
    for (let n = 0; n < 7; n++) await world.push('team/a');
    await world.settle();
    const { epoch } = world.hub.head;
    expect(member.sink.of('reset')).toMatchObject([
      { id: 's', reason: 'continuity-lost', position: `${epoch}-0`, floor: `${epoch}-0` },
    ]);
    expect(member.sink.sequences).toEqual([1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 6, 7]);
    expect(member.sink.of('ready')).toHaveLength(2);
    expect(world.hub.resumeOf(member.subscriber)).toBe(`${epoch}-7`);
  });

  test('one that joined late in the old epoch gets the low numbers of the new one, held back or replayed', async () => {
    const world = await open({ pace: { deliveriesPerSecond: 100, burst: 1, maxWindowMs: 600_000 } });
    for (let n = 0; n < 50; n++) await world.push('team/a');
    const members = [1, 2, 3].map(() => world.join({ repository: ['team/a'], paced: true }));
    await lose(world);
    await world.push('team/a');
    for (const member of members) block(member);
    await world.push('team/a');
    await world.pass(500);
    for (const member of members) drain(member);
    await world.pass(500);
    for (const { sink } of members) expect(sink.sequences).toEqual([1, 2]);
  });

  test('what is held back of the old epoch is dropped', async () => {
    const world = await open({ pace: { deliveriesPerSecond: 10, burst: 1, maxWindowMs: 600_000 } });
    const members = Array.from({ length: 50 }, () => world.join({ repository: ['team/a'], paced: true }));
    await world.push('team/a');
    await world.settle();
    await lose(world);
    await world.pass(10_000);
    const delivered = members.filter(({ sink }) => sink.sequences.length > 0);
    expect(delivered.length).toBeLessThanOrEqual(1);
    expect(world.hub.pacer.idle).toBe(true);
  });

  test('a reader whose page was under way gets nothing of the old epoch after its reset', async () => {
    const world = await open({ history: { maxFrames: 1, pageSize: 4 } });
    const member = world.join({ repository: ['team/a'] });
    block(member);
    for (let n = 0; n < 40; n++) await world.push('team/a');
    await world.settle();
    world.ledger.held = true;
    drain(member);
    await world.settle();
    await lose(world);
    world.ledger.held = false;
    world.ledger.release();
    await world.push('team/a');
    await world.pass(100);
    expect(member.sink.sequences).toEqual([1, 1]);
    expect(member.subscriber.state).toBe('live');
  });

  test('a reader that is blocked is told as soon as that is possible, and goes on in the new epoch', async () => {
    const world = await open();
    const member = world.join({ repository: ['team/a'] });
    block(member);
    for (let n = 0; n < 10; n++) await world.push('team/a');
    await world.settle();
    await lose(world);
    await world.push('team/a');
    drain(member);
    await world.settle();
    expect(member.sink.kinds).toEqual(['subscribed', 'ready', 'reset', 'ready']);
    expect(member.sink.sequences).toEqual([1, 1]);
  });

  test('nobody is given a bookmark of the new epoch before being told of it', async () => {
    const world = await open();
    const member = world.join({ repository: ['team/a'] });
    await world.push('team/a');
    block(member);
    await world.push('team/a');
    await world.settle();
    await lose(world);
    await world.settle();
    expect(member.subscriber.isPlaced).toBe(false);
    world.hub.dismiss(member.subscriber, 'DRAINING', 1_000);
    expect(member.sink.of('end')).toMatchObject([{ resume: null }]);
  });

  test('of several losses a blocked reader is told the last', async () => {
    const world = await open();
    const member = world.join({ repository: ['team/a'] });
    block(member);
    await world.push('team/a');
    await world.settle();
    await lose(world);
    await lose(world);
    await world.push('team/a');
    drain(member);
    await world.settle();
    const { epoch } = world.hub.head;
    expect(member.sink.of('reset')).toMatchObject([{ position: `${epoch}-0` }]);
    expect(member.sink.sequences).toEqual([1, 1]);
  });

  test('two thousand are told in many turns of the event loop', async () => {
    const world = await open();
    const members = Array.from({ length: 2_000 }, () => world.join({ repository: ['team/a'] }));
    await lose(world);
    const told = () => members.filter(({ sink }) => sink.of('reset').length === 1).length;
    await new Promise(setImmediate);
    expect(told()).toBeLessThanOrEqual(1_000);
    await world.settle();
    await world.settle();
    expect(told()).toBe(2_000);
    expect(members.every(({ subscriber }) => subscriber.state === 'live')).toBe(true);
  });

  test('a subscription on its way in is confirmed once and reset', async () => {
    const world = await open({ history: { maxFrames: 1, pageSize: 2 } });
    for (let n = 0; n < 10; n++) await world.push('team/a');
    world.ledger.held = true;
    const member = world.join({ id: 'replay', repository: ['team/a'], start: world.after(2) });
    await world.settle();
    world.ledger.release();
    await world.settle();
    world.ledger.release();
    await world.settle();
    await lose(world);
    world.ledger.held = false;
    world.ledger.release();
    await world.pass(1_000);
    await world.push('team/a');
    await world.settle();
    expect(member.sink.kinds).toEqual(['subscribed', 'reset', 'ready']);
    expect(member.sink.sequences.at(-1)).toBe(1);
    expect(world.hub.resumeOf(member.subscriber)).toBe(`${world.hub.head.epoch}-1`);
  });

  test('a live subscription that waits behind a full socket is not continued in silence', async () => {
    const world = await open();
    const member = world.join({ id: 'a', repository: ['team/a'] });
    block(member);
    await world.push('team/a');
    await world.settle();
    world.subscribe(member, { id: 'b', repository: ['team/b'] });
    await world.push('team/b');
    await lose(world);
    drain(member);
    await world.settle();
    expect(
      member.sink
        .of('reset')
        .map(({ id, reason }) => [id, reason])
        .sort(),
    ).toEqual([
      ['a', 'continuity-lost'],
      ['b', 'continuity-lost'],
    ]);
    expect(member.sink.of('subscribed').map(({ id }) => id)).toEqual(['a', 'b']);
  });

  test('a connection without subscriptions begins in the new epoch', async () => {
    const world = await open();
    const member = world.join({ id: 'a', repository: ['team/a'] });
    for (let n = 0; n < 9; n++) await world.push('team/a');
    await world.settle();
    world.hub.unsubscribe(member.subscriber, 'a');
    await lose(world);
    world.subscribe(member, { id: 'b', repository: ['team/a'] });
    expect(member.sink.of('ready').at(-1)).toMatchObject({ position: `${world.hub.head.epoch}-0` });
    await world.push('team/a');
    await world.settle();
    expect(member.sink.sequences.at(-1)).toBe(1);
  });

  test('a fan-out that yielded brings nothing more of the old epoch', async () => {
    const world = await open();
    let now = 0;
    // Each look at the clock finds the event loop held for too long: fan-out yields whenever it may.
    const clock = { ...world.clock, monotonic: () => (now += 100) };
    const slow = await open({ clock, ledger: world.ledger });
    const members = Array.from({ length: 1_000 }, () => slow.join({ repository: ['team/a'] }));
    await world.push('team/a');
    await lose(world);
    for (let turn = 0; turn < 20; turn++) await slow.settle();
    await world.push('team/a');
    for (let turn = 0; turn < 20; turn++) await slow.settle();
    for (const { sink } of members) {
      const reset = sink.heard.findIndex(({ kind }) => kind === 'reset');
      expect(sink.heard.slice(reset).filter(({ kind }) => kind === 'change')).toMatchObject([
        { sequence: 1 },
      ]);
      expect(slow.hub.resumeOf(members[0]?.subscriber ?? never())).toBe(`${slow.hub.head.epoch}-1`);
    }
  });
});

function never(): never {
  throw new Error('there are members');
}
