import { describe, expect, it } from 'vitest';
import { TargetsWorld, told } from '../../support/targets-world.ts';

const retry = { kind: 'retry', why: 'status 500' } as const;

describe('a reset', () => {
  /** The ledger does not know the position of the target any more. */
  async function lost(tellsResets: boolean) {
    const world = await TargetsWorld.open(['tool'], { tellsResets });
    const one = await world.gateway('one');
    await world.push('a');
    const goTo = { epoch: 'zzzzzzzz', sequence: 7 };
    return { world, one, lose: () => one.targets.wish('tool', { goTo }) };
  }

  it('is told before anything else, and the target goes on at the head', async () => {
    const { world, one, lose } = await lost(true);
    world.script = (delivery) => (delivery.kind === 'reset' ? retry : { kind: 'accepted' });
    await lose();
    await world.push('b');
    expect(told(one.sent)).toEqual(['a', 'reset']);
    world.script = () => ({ kind: 'accepted' });
    await world.pass(1_000);
    expect(told(one.sent)).toEqual(['a', 'reset', 'reset', 'b']);
    const [, first, second] = one.sent;
    expect(second).toMatchObject({ kind: 'reset', reason: 'epoch', id: first?.id, attempt: 2 });
    expect((await world.row()).cursor.low).toBe(2);
  });

  it('is told again after a kill, if the tool has not accepted it', async () => {
    const { world, one, lose } = await lost(true);
    world.script = () => retry;
    await lose();
    await world.settle();
    one.kill();
    world.script = () => ({ kind: 'accepted' });
    const two = await world.gateway('two');
    await world.pass(14_000);
    expect(told(two.sent)).toEqual(['reset']);
  });

  it('is given up when it is too old', async () => {
    const { world, one, lose } = await lost(true);
    world.script = (delivery) => (delivery.kind === 'reset' ? retry : { kind: 'accepted' });
    await lose();
    await world.push('b');
    await world.pass(2 * 86_400_000, 600_000);
    expect(told(one.sent).at(-1)).toBe('reset');
    expect((await world.row()).wish.goTo).toBeNull();
  });

  it('disables a target whose tool wants no more', async () => {
    const { world, one, lose } = await lost(true);
    world.script = () => ({ kind: 'stop', why: 'status 410' });
    await lose();
    await world.settle();
    expect(one.targets.all.get('tool')?.runner?.state).toBe('disabled');
    world.script = () => ({ kind: 'accepted' });
    await one.targets.wish('tool', { disabled: null });
    await world.settle();
    expect(told(one.sent)).toEqual(['a', 'reset', 'reset']);
  });

  it('is not told to a tool that it could harm', async () => {
    const { world, one, lose } = await lost(false);
    await lose();
    await world.settle();
    await world.push('b');
    expect(told(one.sent)).toEqual(['a', 'b']);
    expect(world.log.lines.map(({ message }) => message)).toContain('target: changes may have been missed');
  });

  it.each([
    [true, ['reset', 'a', 'b']],
    [false, ['a', 'b']],
  ])(
    'follows if the ledger loses the target, and nothing that it has is skipped',
    async (tellsResets, all) => {
      const world = await TargetsWorld.open(['tool'], { tellsResets });
      const one = await world.gateway('one');
      const two = await world.gateway('two');
      one.kill();
      world.loseTargets();
      await world.push('a');
      await world.pass(4_000);
      await world.push('b');
      expect([told(one.sent), told(two.sent)]).toEqual([[], all]);
      expect((await world.row()).cursor.low).toBe(2);
      expect(world.log.lines.map(({ message }) => message)).toContain('target: changes may have been missed');
    },
  );

  it('by retention keeps what waits', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway();
    world.script = () => retry;
    const tags = Array.from({ length: 1_200 }, (_, at) => `t${at}`);
    await world.push(...tags);
    const runner = () => one.targets.all.get('tool')?.runner;
    expect(runner()?.waiting).toBe(1_000);
    await world.ledger.trim();
    world.script = () => ({ kind: 'accepted' });
    await world.pass(20_000);
    const accepted = new Set(told(one.sent));
    expect(accepted.has('reset')).toBe(true);
    for (const tag of tags.slice(0, 1_000)) expect(accepted.has(tag)).toBe(true);
    expect((await world.row()).cursor).toMatchObject({ low: 1_200, done: [] });
  });
});
