import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../../src/target/kind.ts';
import { TargetsWorld, told } from '../../support/targets-world.ts';

const retry = { kind: 'retry', why: 'status 500' } as const;
const accepted = { kind: 'accepted' } as const;

/** A target whose changes have to stand for a minute. */
async function waiting() {
  const types = ['tag.created', 'tag.updated'] as const;
  const world = await TargetsWorld.open(['tool'], { rules: { minAgeMs: 60_000 }, types });
  const one = await world.gateway('one');
  const account = () => one.targets.all.get('tool')?.runner?.account;
  return { world, one, account };
}

describe('a target with a least age', () => {
  it('is not told of a change that one which it does not ask for followed', async () => {
    const { world, one, account } = await waiting();
    await world.push('stays');
    await world.push('goes');
    await world.remove('goes');
    await world.pass(61_000);
    expect(told(one.sent)).toEqual(['stays']);
    expect(account()?.counts.get('overtaken')).toBe(1);
    await world.pass(20_000);
    expect((await world.row()).cursor).toMatchObject({ low: 3, done: [] });
  });

  it('is not told again of a change that failed, if a newer one came while it was under way', async () => {
    const { world, one, account } = await waiting();
    const gate = Promise.withResolvers<void>();
    world.script = async () => {
      await gate.promise;
      return retry;
    };
    await world.push('a');
    await world.pass(60_500);
    await world.push('a');
    gate.resolve();
    world.script = () => accepted;
    await world.pass(10_000);
    expect(one.sent.map(({ id }) => id.split('-')[1])).toEqual(['1']);
    expect(account()?.counts.get('overtaken')).toBe(1);
    await world.pass(51_000);
    expect(one.sent.map(({ id }) => id.split('-')[1])).toEqual(['1', '2']);
  });

  it('is told of none that is no longer current after a long rest, though newer ones come later', async () => {
    const { world, one } = await waiting();
    one.kill();
    await world.push('b');
    for (let turn = 0; turn < 40; turn++) await world.push('a');
    await world.pass(120_000, 1_000);
    const two = await world.gateway('two');
    await world.pass(1_000);
    expect(two.sent.map(({ id }) => id.split('-')[1])).toEqual(['1', '41']);
  });

  it('waits while it cannot be seen whether a change is current', async () => {
    const { world, one, account } = await waiting();
    await world.push('a');
    await world.pass(59_000);
    one.away = true;
    await world.pass(2_000);
    expect(one.sent).toEqual([]);
    expect(account()?.lastFailure?.why).toMatch(/^read whether it is current: .*UNAVAILABLE|away/);
    one.away = false;
    await world.pass(10_000);
    expect(told(one.sent)).toEqual(['a']);
  });
});

describe('a target that asks for long whether a change is current', () => {
  it('sends nothing if its lease may be over by then', async () => {
    const { world, one } = await waiting();
    const two = await world.gateway('two');
    await world.push('a');
    await world.pass(59_000);
    const gate = Promise.withResolvers<void>();
    one.asks = gate.promise;
    await world.pass(1_500);
    one.away = true;
    await world.pass(10_000);
    expect([told(one.sent), told(two.sent)]).toEqual([[], ['a']]);
    gate.resolve();
    await world.settle();
    expect(one.sent).toEqual([]);
  });
});

describe('a target whose tool allows so many attempts', () => {
  /** Its tool allows one attempt in ten seconds. */
  async function slow(verdict: Verdict, rules = {}) {
    const world = await TargetsWorld.open(['tool'], { rules });
    world.script = (_delivery, reach) => {
      reach.allow(10_000);
      return verdict;
    };
    const one = await world.gateway();
    await world.push('a');
    return { world, one };
  }

  it.each([[{}], [{ minAgeMs: 1_000 }]])('starts no more, with %j', async (rules) => {
    const { world, one } = await slow(accepted, rules);
    await world.pass(1_000);
    await world.push('b', 'c', 'd');
    await world.pass(8_000);
    expect(told(one.sent)).toEqual(['a']);
    expect(one.targets.all.get('tool')?.runner?.state).toBe('holding');
    await world.pass(3_000);
    expect(told(one.sent)).toHaveLength(2);
    await world.pass(7_000);
    expect(told(one.sent)).toHaveLength(2);
    await world.pass(14_000);
    expect(told(one.sent)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('tries no more often again what failed', async () => {
    const { world, one } = await slow(retry);
    await world.pass(9_000);
    expect(one.sent).toHaveLength(1);
    await world.pass(31_000);
    expect(one.sent.length).toBeGreaterThan(2);
    expect(one.sent.length).toBeLessThanOrEqual(5);
  });

  it('tells of a reset no sooner', async () => {
    const { world, one } = await slow(accepted);
    const { epoch } = (await world.row()).cursor;
    await world.push(...Array.from({ length: 150 }, (_, at) => `t${at}`));
    await world.ledger.trim();
    await one.targets.wish('tool', { goTo: { epoch, sequence: 1 }, replay: 'again' });
    await world.pass(8_000);
    expect(told(one.sent)).toEqual(['a']);
    await world.pass(4_000);
    expect(told(one.sent)).toEqual(['a', 'reset']);
    await world.push('b');
    await world.pass(6_000);
    expect(told(one.sent)).toEqual(['a', 'reset']);
    await world.pass(6_000);
    expect(told(one.sent)).toEqual(['a', 'reset', 'b']);
  });

  it('keeps to it after a move, and goes on at once where the tool allows more', async () => {
    const { world, one } = await slow(accepted);
    await world.push('b');
    const { epoch } = (await world.row()).cursor;
    await one.targets.wish('tool', { goTo: { epoch, sequence: 0 }, replay: 'again' });
    await world.pass(9_000);
    expect(told(one.sent)).toEqual(['a']);
    world.script = (_delivery, reach) => {
      reach.allow(0);
      return accepted;
    };
    await world.pass(1_500);
    expect(told(one.sent)).toEqual(['a', 'a', 'b']);
  });
});

describe('a target that an operator moves', () => {
  it('begins nothing there before what is under way is over', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway();
    const gate = Promise.withResolvers<void>();
    let underWay = 0;
    let most = 0;
    world.script = async () => {
      most = Math.max(most, ++underWay);
      await gate.promise;
      underWay--;
      return accepted;
    };
    await world.push('a');
    const { epoch } = (await world.row()).cursor;
    await one.targets.wish('tool', { goTo: { epoch, sequence: 0 }, replay: 'again' });
    await world.settle();
    expect(told(one.sent)).toEqual(['a']);
    gate.resolve();
    await world.settle();
    expect(one.sent.map(({ id }) => id)).toEqual([`${epoch}-1`, `${epoch}-1-again`]);
    expect(most).toBe(1);
  });

  it('counts what waited and is given up', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway();
    world.script = () => retry;
    for (const tag of ['a', 'b', 'c']) await world.push(tag);
    const { epoch } = (await world.row()).cursor;
    await one.targets.wish('tool', { goTo: { epoch, sequence: 2 } });
    await world.settle();
    const runner = one.targets.all.get('tool')?.runner;
    expect(runner?.account.counts.get('skipped')).toBe(2);
    expect(runner?.waiting).toBe(1);
    expect(world.log.lines).toContainEqual(
      expect.objectContaining({
        message: 'target: skip, as an operator wants',
        fields: { target: 'tool', from: `${epoch}-0`, to: `${epoch}-2`, skipped: 2 },
      }),
    );
  });
});

describe('a target whose position cannot be saved', () => {
  it('starts nothing more, says why, and goes on when it can', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway('one');
    one.away = true;
    await world.push('a');
    await world.push('b');
    await world.push('c');
    expect(told(one.sent)).toEqual(['a']);
    const runner = one.targets.all.get('tool')?.runner;
    expect(runner?.account.lastFailure?.why).toMatch(/^save position: .*away/);
    one.away = false;
    await world.pass(6_000);
    expect(told(one.sent)).toEqual(['a', 'b', 'c']);
    expect((await world.row()).cursor).toMatchObject({ low: 3, done: [] });
  });

  it('starts nothing more while the ledger does not answer', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway();
    const gate = Promise.withResolvers<void>();
    one.holds = gate.promise;
    await world.push('a');
    await world.pass(1_000);
    await world.push('b');
    await world.pass(3_000);
    expect(told(one.sent)).toEqual(['a']);
    gate.resolve();
    await world.pass(500);
    expect(told(one.sent)).toEqual(['a', 'b']);
    expect((await world.row()).cursor).toMatchObject({ low: 2, done: [] });
  });

  it('does no more than its tool takes at once while a save is under way', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway();
    const gate = Promise.withResolvers<void>();
    one.holds = gate.promise;
    const tags = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    await world.push(...tags);
    // The third began when the first was done; then two were done that are not saved.
    expect(told(one.sent)).toEqual(['a', 'b', 'c']);
    gate.resolve();
    await world.settle();
    expect(told(one.sent)).toEqual(tags);
    expect((await world.row()).cursor).toMatchObject({ low: 8, done: [] });
  });

  it('repeats no more after a kill than what was under way', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway('one');
    one.away = true;
    for (const tag of ['a', 'b', 'c']) await world.push(tag);
    one.kill();
    const two = await world.gateway('two');
    await world.pass(14_000);
    expect(told(one.sent)).toEqual(['a']);
    expect(told(two.sent)).toEqual(['a', 'b', 'c']);
  });
});

describe('a reset', () => {
  it('has the repositories that the target is about', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway();
    await one.targets.wish('tool', { goTo: { epoch: 'zzzzzzzz', sequence: 7 } });
    await world.settle();
    const [reset] = one.sent;
    expect(reset?.kind === 'reset' ? await reset.repositories() : null).toEqual([
      { registry: 'registry.example.com', repository: 'team/app' },
    ]);
  });
});

describe('a target that fails', () => {
  it('says once that it succeeds again', async () => {
    const world = await TargetsWorld.open();
    await world.gateway();
    const lines = () => world.log.lines.filter(({ message }) => message.includes('succeeds again'));
    await world.push('well');
    world.script = ({ kind, ...delivery }) =>
      kind === 'changes' && 'change' in delivery && delivery.change.tag === 'a' ? retry : accepted;
    await world.push('a');
    await world.push('b');
    expect(lines()).toEqual([]);
    world.script = () => accepted;
    await world.pass(6_000);
    await world.push('c');
    expect(lines()).toMatchObject([{ level: 'info', fields: { target: 'tool' } }]);
  });
});
