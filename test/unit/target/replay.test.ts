/** A replay sends again what was sent, and gives up nothing. */
import { describe, expect, it } from 'vitest';
import { TargetControl } from '../../../src/target/control.ts';
import { TargetsWorld, told, type WorldGateway } from '../../support/targets-world.ts';

const retry = { kind: 'retry', why: 'status 500' } as const;

function controlOf(world: TargetsWorld, { targets, hub }: WorldGateway): TargetControl {
  const { ledger, clock } = world;
  return new TargetControl({ targets, hub, ledger, clock, defaultRegistry: 'docker.io', random: () => 0.5 });
}

/** Two gateways, of which the first serves a target for which `b` and `c` wait. */
async function waiting() {
  const world = await TargetsWorld.open();
  const one = await world.gateway('one');
  const two = await world.gateway('two');
  await world.push('a');
  world.script = () => retry;
  await world.push('b', 'c');
  await world.pass(2_000);
  const { epoch } = (await world.row()).cursor;
  return { world, one, two, epoch, counts: () => one.targets.all.get('tool')?.runner?.account.counts };
}

describe('a replay', () => {
  it('from after the target is refused at each gateway, and nothing is skipped', async () => {
    const { world, one, two, epoch, counts } = await waiting();
    for (const gateway of [one, two]) {
      const replay = controlOf(world, gateway).replay('tool', { after: `${epoch}-2` });
      await expect(replay).rejects.toThrow(
        `after: the target is at ${epoch}-1, before that, and sends what follows by itself`,
      );
    }
    const since = new Date(world.clock.now()).toISOString();
    await expect(controlOf(world, two).replay('tool', { since })).rejects.toThrow(
      /replay target: tool: since: .* use skip/,
    );
    await world.pass(3_000);
    expect(counts()?.get('skipped')).toBeUndefined();
    world.script = () => ({ kind: 'accepted' });
    await world.pass(6_000);
    expect(told(one.sent).slice(-2).sort()).toEqual(['b', 'c']);
  });

  it('since a time in the future is refused', async () => {
    const { world, two } = await waiting();
    const since = new Date(world.clock.now() + 1_000).toISOString();
    await expect(controlOf(world, two).replay('tool', { since })).rejects.toThrow(
      /must not be in the future/,
    );
  });

  it('from where the target is, or before, is followed', async () => {
    const { world, one, two, epoch } = await waiting();
    world.script = () => ({ kind: 'accepted' });
    await world.pass(6_000);
    one.sent.length = 0;
    await controlOf(world, two).replay('tool', { after: `${epoch}-1` });
    await world.pass(3_000);
    expect(told(one.sent)).toEqual(['b', 'c']);
    expect((await world.row()).wish.goTo).toBeNull();
  });

  it('that the gateway which serves the target gets too late moves it not forward', async () => {
    const { world, one, two, epoch, counts } = await waiting();
    // As if the target had gone back after another gateway had looked where it is.
    await two.targets.wish('tool', { goTo: { epoch, sequence: 3 }, replay: 'late' });
    await world.pass(3_000);
    expect(counts()?.get('skipped')).toBeUndefined();
    expect((await world.row()).wish.goTo).toBeNull();
    expect((await world.row()).cursor.low).toBe(1);
    expect(world.log.lines).toContainEqual(
      expect.objectContaining({
        message: 'target: replay left out: it is not there yet',
        fields: { target: 'tool', from: `${epoch}-1`, to: `${epoch}-3` },
      }),
    );
    world.script = () => ({ kind: 'accepted' });
    await world.pass(6_000);
    expect(told(one.sent).slice(-2).sort()).toEqual(['b', 'c']);
  });
});

describe('a skip', () => {
  it('that comes too late repeats nothing, and later changes have plain ids after a replay', async () => {
    const { world, one, two, epoch } = await waiting();
    const control = controlOf(world, two);
    world.script = () => ({ kind: 'accepted' });
    await world.pass(6_000);
    await control.replay('tool', { after: `${epoch}-2` });
    await world.pass(3_000);
    await control.skip('tool');
    await world.push('d');
    one.sent.length = 0;
    await world.pass(3_000);
    expect(one.sent).toEqual([]);
    expect((await world.row()).wish).toMatchObject({ goTo: null, replay: null });
    await world.push('e');
    expect(one.sent.map(({ id }) => id)).toEqual([`${epoch}-5`]);
  });
});
