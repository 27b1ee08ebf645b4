import { describe, expect, it, vi } from 'vitest';
import { TargetsWorld, told } from '../../support/targets-world.ts';

const retry = { kind: 'retry', why: 'status 500' } as const;

describe('the targets of several gateways', () => {
  it('are each served by one gateway', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway('one');
    const two = await world.gateway('two');
    await world.push('a');
    await world.pass(30_000);
    await world.push('b');
    expect(told(one.sent)).toEqual(['a', 'b']);
    expect(two.sent).toEqual([]);
    expect((await world.row()).holder).toBe('one');
  });

  it('are taken over a few in each turn of the event loop, so that a gateway goes on serving others', async () => {
    const world = await TargetsWorld.open(Array.from({ length: 20 }, (_, i) => `tool-${i}`));
    // Each takes four milliseconds to begin.
    const begun = vi.spyOn(world.log, 'info').mockImplementation(() => world.clock.advance(4));
    const perTurn: number[] = [];
    const look = () => {
      perTurn.push(begun.mock.calls.length - perTurn.reduce((sum, each) => sum + each, 0));
      if (begun.mock.calls.length < 20) setImmediate(look);
    };
    setImmediate(look);
    const one = await world.gateway('one');
    expect(begun).toHaveBeenCalledTimes(20);
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(3);
    await world.push('a');
    expect(one.sent).toHaveLength(20);
  });

  it('are given back by a gateway that ends before it serves them', async () => {
    const world = await TargetsWorld.open(['a', 'b', 'c']);
    let ending: Promise<void> | null = null;
    const one = await world.gateway('one', (targets) => {
      vi.spyOn(world.log, 'info').mockImplementation(() => {
        world.clock.advance(20);
        ending ??= targets.close();
      });
    });
    await ending;
    const two = await world.gateway('two');
    await world.pushTo('team/app', 'x');
    expect(one.sent).toEqual([]);
    expect(two.sent).toHaveLength(3);
  });

  it('go to another gateway within seconds when theirs is killed, and repeat what was under way', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway('one');
    const two = await world.gateway('two');
    await world.push('a');
    world.script = ({ id }) => (id.endsWith('-2') ? new Promise(() => {}) : { kind: 'accepted' });
    await world.push('b');
    await world.push('c');
    one.kill();
    world.script = () => ({ kind: 'accepted' });
    await world.pass(8_500);
    expect(told(one.sent)).toEqual(['a', 'b', 'c']);
    expect(told(two.sent)).toEqual(['b']);
    await world.push('d');
    expect(told(two.sent)).toEqual(['b', 'd']);
    expect((await world.row()).cursor).toMatchObject({ low: 4, done: [] });
  });

  it('go to another gateway at once when theirs ends, and nothing is repeated', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway('one');
    const two = await world.gateway('two');
    const gate = Promise.withResolvers<void>();
    world.script = async () => {
      await gate.promise;
      return { kind: 'accepted' };
    };
    await world.push('a');
    const closing = one.targets.close();
    await world.push('b');
    gate.resolve();
    await closing;
    await world.pass(3_000);
    expect(told(one.sent)).toEqual(['a']);
    expect(told(two.sent)).toEqual(['b']);
  });

  it('go to another gateway after the end of the leases, if theirs ends without the ledger', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway('one');
    const two = await world.gateway('two');
    one.away = true;
    await one.targets.close();
    expect(world.log.lines.map(({ message }) => message)).toContain('release target: failed');
    await world.push('a');
    await world.pass(14_000);
    expect(told(one.sent)).toEqual([]);
    expect(told(two.sent)).toEqual(['a']);
  });

  it('go to another gateway when their hub drains', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway('one');
    const two = await world.gateway('two');
    for (const subscriber of one.hub.table) one.hub.dismiss(subscriber, 'DRAINING', 0);
    await world.pass(3_000);
    await world.push('a');
    expect(told(one.sent)).toEqual([]);
    expect(told(two.sent)).toEqual(['a']);
  });

  it('start nothing once their lease is over, and go on when the ledger is back', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway('one');
    one.away = true;
    await world.pass(10_500);
    await world.push('a');
    expect(one.sent).toEqual([]);
    one.away = false;
    await world.pass(3_000);
    expect(told(one.sent)).toEqual(['a']);
  });

  it('end here when another gateway has the lease, and save nothing over its work', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway('one');
    const two = await world.gateway('two');
    await world.push('a');
    one.away = true;
    await world.pass(14_000);
    await world.push('b');
    expect(told(two.sent)).toEqual(['b']);
    one.away = false;
    await world.pass(4_000);
    await world.push('c');
    expect(told(one.sent)).toEqual(['a']);
    expect(told(two.sent)).toEqual(['b', 'c']);
    expect((await world.row()).cursor.low).toBe(3);
    expect(one.targets.all.get('tool')?.runner).toBeNull();
  });

  it('are not served again where something is still under way, so that nothing overlaps', async () => {
    const world = await TargetsWorld.open(['tool'], { timeoutMs: 600_000 });
    const one = await world.gateway('one');
    const two = await world.gateway('two');
    const gate = Promise.withResolvers<void>();
    world.script = async () => {
      await gate.promise;
      return { kind: 'accepted' };
    };
    await world.push('a');
    one.away = true;
    await world.pass(14_000);
    expect([told(one.sent), told(two.sent)]).toEqual([['a'], ['a']]);
    one.away = false;
    await world.pass(4_000);
    two.kill();
    await world.pass(30_000);
    expect(told(one.sent)).toEqual(['a']);
    gate.resolve();
    await world.pass(4_000);
    expect(told(one.sent)).toEqual(['a', 'a']);
    expect((await world.row()).cursor.low).toBe(1);
  });

  it('do what an operator wants at any gateway', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway('one');
    const two = await world.gateway('two');
    await two.targets.wish('tool', { paused: true });
    await world.pass(3_000);
    await world.push('a');
    expect(one.sent).toEqual([]);
    await two.targets.wish('tool', { paused: false });
    await world.pass(3_000);
    expect(told(one.sent)).toEqual(['a']);
  });

  it('try at once what failed when one is resumed, paused before or not', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway('one');
    const two = await world.gateway('two');
    world.script = () => retry;
    await world.push('a');
    await world.pass(600_000, 5_000);
    for (const isPausedBefore of [false, true]) {
      if (isPausedBefore) await two.targets.wish('tool', { paused: true });
      await world.pass(3_000);
      one.sent.length = 0;
      await two.targets.wish('tool', { paused: false, disabled: null });
      await world.pass(6_000);
      expect(one.sent.length).toBeGreaterThan(3);
      await world.pass(600_000, 5_000);
    }
  });

  it('stay disabled over a kill', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway('one');
    world.script = () => ({ kind: 'stop', why: 'status 410' });
    await world.push('a');
    expect((await world.row()).wish.disabled).toBe('status 410');
    one.kill();
    const two = await world.gateway('two');
    await world.pass(14_000);
    expect(two.targets.all.get('tool')?.runner?.state).toBe('disabled');
    expect(two.sent).toEqual([]);
    world.script = () => ({ kind: 'accepted' });
    await two.targets.wish('tool', { disabled: null });
    await world.settle();
    expect(told(two.sent)).toEqual(['a']);
  });

  it('write down that one is disabled once the ledger is back', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway('one');
    world.script = () => ({ kind: 'stop', why: 'status 410' });
    one.away = true;
    await world.push('a');
    await world.pass(2_000);
    expect((await world.row()).wish.disabled).toBeNull();
    one.away = false;
    await world.pass(4_000);
    expect((await world.row()).wish.disabled).toBe('status 410');
    expect(one.targets.all.get('tool')?.runner?.state).toBe('disabled');
  });
});

describe('a target whose tool fails for long', () => {
  it('stays connected though it takes nothing more, and goes on when there is room', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway();
    world.script = () => retry;
    const tags = Array.from({ length: 1_010 }, (_, at) => `t${at}`);
    await world.push(...tags);
    const [subscriber] = one.hub.table;
    expect(subscriber?.blockedAt).toBeGreaterThan(0);
    // A client would be closed after a minute (`TOO_SLOW`).
    await world.pass(200_000, 10_000);
    expect([...one.hub.table]).toEqual([subscriber]);
    world.script = () => ({ kind: 'accepted' });
    await one.targets.wish('tool', { paused: true });
    await one.targets.wish('tool', { paused: false });
    await world.pass(1_000);
    expect((await world.row()).cursor).toMatchObject({ low: 1_010, done: [] });
    expect(new Set(told(one.sent)).size).toBe(1_010);
  });
});

describe('the position of a target', () => {
  it('rises with changes that it does not want, at a heartbeat', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway();
    await world.pushTo('team/unwanted', 'a');
    expect((await world.row()).cursor.low).toBe(0);
    await world.pass(20_500);
    expect((await world.row()).cursor.low).toBe(1);
    expect(one.sent).toEqual([]);
  });

  it('rises with changes that it only looks at', async () => {
    const others = ['tag.created'] as const;
    const world = await TargetsWorld.open(['tool'], {
      types: ['tag.updated'],
      others,
      rules: { minAgeMs: 1_000 },
    });
    const one = await world.gateway();
    await world.push('a', 'b');
    expect((await world.row()).cursor.low).toBe(2);
    expect(one.sent).toEqual([]);
  });

  it('is saved once the ledger is back, though nothing else happens', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway();
    await world.pass(3_000);
    one.away = true;
    await world.push('a');
    await world.pass(2_000);
    expect(told(one.sent)).toEqual(['a']);
    expect((await world.row()).cursor.low).toBe(0);
    one.away = false;
    await world.pass(5_500);
    expect((await world.row()).cursor.low).toBe(1);
    expect(told(one.sent)).toEqual(['a']);
  });

  it('of many targets is saved in one commit', async () => {
    const names = Array.from({ length: 50 }, (_, at) => `t${at}`);
    const world = await TargetsWorld.open(names);
    const one = await world.gateway();
    await world.push('a');
    expect(one.sent).toHaveLength(50);
    expect(one.saves).toBeLessThanOrEqual(3);
    expect((await world.row('t49')).cursor.low).toBe(1);
  });

  it('moves where an operator wants it once, also over a kill', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway('one');
    for (const tag of ['a', 'b', 'c']) await world.push(tag);
    const { epoch } = (await world.row()).cursor;
    await one.targets.wish('tool', { goTo: { epoch, sequence: 1 }, replay: 'again' });
    await world.settle();
    expect(told(one.sent)).toEqual(['a', 'b', 'c', 'b', 'c']);
    expect(one.sent.at(-1)?.id).toBe(`${epoch}-3-again`);
    expect((await world.row()).wish.goTo).toBeNull();
    one.kill();
    const two = await world.gateway('two');
    await world.pass(14_000);
    await world.push('d');
    expect(told(two.sent)).toEqual(['d']);
  });
});
