import { describe, expect, it } from 'vitest';
import { lateMs, reportTargets } from '../../../src/target/report.ts';
import { TargetsWorld, type WorldGateway } from '../../support/targets-world.ts';

const retry = { kind: 'retry', why: 'status 500' } as const;

async function reportOf(world: TargetsWorld, { targets, hub }: WorldGateway) {
  const [report] = await reportTargets({ targets, hub, clock: world.clock });
  if (report === undefined) throw new Error('report targets: none came');
  return report;
}

describe('the report of a target', () => {
  it('says since when a change waits, and when that is late, also after a kill', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway('one');
    expect(await reportOf(world, one)).toMatchObject({ waitingSince: null, late: false });
    world.script = () => retry;
    const pushedAt = new Date(world.clock.now()).toISOString();
    await world.push('a');
    await world.pass(60_000, 5_000);
    await world.push('b');
    await world.pass(lateMs - 60_000, 5_000);
    expect(await reportOf(world, one)).toMatchObject({ waitingSince: pushedAt, late: false });
    one.kill();
    const two = await world.gateway('two');
    await world.pass(14_000);
    expect(await reportOf(world, two)).toMatchObject({ waitingSince: pushedAt, late: true, waiting: 2 });
    world.script = () => ({ kind: 'accepted' });
    await world.pass(2 * lateMs, 5_000);
    expect(await reportOf(world, two)).toMatchObject({ waitingSince: null, late: false, waiting: 0 });
  });

  it('counts a reset that its tool is to be told of', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway();
    await one.targets.wish('tool', { goTo: { epoch: 'zzzzzzzz', sequence: 7 } });
    world.script = () => retry;
    const since = new Date(world.clock.now()).toISOString();
    await world.settle();
    await world.push('a');
    await world.pass(lateMs + 5_000, 5_000);
    expect(await reportOf(world, one)).toMatchObject({ waitingSince: since, late: true });
  });

  it('tells a target that this gateway holds without serving it from one that another gateway serves', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway('one');
    const two = await world.gateway('two');
    // As if the answer to its claim had not arrived.
    for (const served of one.targets.all.values()) served.runner = null;
    expect(await reportOf(world, one)).toMatchObject({ state: 'unserved', holder: 'one' });
    expect(await reportOf(world, two)).toMatchObject({ state: 'elsewhere', holder: 'one' });
  });

  it('asks no ledger where no target is configured', async () => {
    const world = await TargetsWorld.open([]);
    const one = await world.gateway();
    one.away = true;
    expect(await reportTargets({ ...one, clock: world.clock })).toEqual([]);
  });
});

describe('a target that takes nothing more', () => {
  it('is no slow subscriber', async () => {
    const world = await TargetsWorld.open();
    const one = await world.gateway();
    world.script = () => retry;
    await world.push(...Array.from({ length: 1_010 }, (_, at) => `t${at}`));
    const [subscriber] = one.hub.table;
    expect(subscriber).toMatchObject({ state: 'behind', blockedAt: expect.any(Number) });
    expect(one.hub.census()).toEqual({ byTransport: expect.any(Map), clients: 0, behind: 0, lag: 0 });
    expect(one.hub.census().byTransport.get('target')).toBe(1);
  });
});
