/** A change that cannot be written, and a defect in fan-out, end no process and hold up nobody. */
import { afterEach, describe, expect, test } from 'vitest';
import { ManifeedError } from '../../../src/errors.ts';
import { noLog } from '../../../src/lib/log.ts';
import { countingMetrics } from '../../support/counting-metrics.ts';
import { everything, openWorld, type World, type WorldOptions } from '../../support/hub-world.ts';
import { digestOf } from '../../support/ledger-samples.ts';

const worlds: World[] = [];
const logged: object[] = [];
async function open(options: WorldOptions = {}): Promise<World> {
  logged.length = 0;
  const log = { ...noLog, error: (fields: object, message: string) => logged.push({ ...fields, message }) };
  const world = await openWorld({ log, ...options });
  worlds.push(world);
  return world;
}
afterEach(() => {
  for (const world of worlds.splice(0)) world.hub.close();
});

/** A change whose time is before every year that a date can have. */
const pushUnwritable = (world: World, tag: string) =>
  world.ledger.record([
    {
      kind: 'tag',
      registry: 'registry.example.com',
      repository: 'team/a',
      tag,
      digest: digestOf(tag),
      mediaType: null,
      size: null,
      saidAt: world.clock.now() + 1,
      occurredAt: -9e15,
      origin: 'test',
    },
  ]);

describe('a change that cannot be written', () => {
  test('is passed over for live subscribers, logged and counted once, and the next one comes', async () => {
    const metrics = countingMetrics();
    const world = await open({ metrics });
    const members = [1, 2, 3].map(() => world.join({ repository: ['team/a'] }));
    await world.push('team/a', 'one');
    await pushUnwritable(world, 'two');
    await world.settle();
    await world.push('team/a', 'three');
    await world.settle();
    for (const { sink, subscriber } of members) {
      expect(sink.sequences).toEqual([1, 3]);
      expect(world.hub.resumeOf(subscriber)).toBe(`${world.hub.head.epoch}-3`);
    }
    expect(logged).toEqual([
      expect.objectContaining({
        message: 'write change: failed: it is passed over',
        position: `${world.hub.head.epoch}-2`,
      }),
    ]);
    expect(metrics.value('unwritable_changes_total')).toBe(1);
  });

  test('G4: is passed over in a replay, which nothing ends, and held back', async () => {
    const world = await open({ pace: { deliveriesPerSecond: 100, burst: 1, maxWindowMs: 600_000 } });
    await world.push('team/a', 'one');
    await pushUnwritable(world, 'two');
    await world.push('team/a', 'three');
    const replay = world.join({ repository: ['team/a'], start: world.after(0) });
    const paced = Array.from({ length: 5 }, () => world.join({ repository: ['team/a'], paced: true }));
    await pushUnwritable(world, 'four');
    await world.push('team/a', 'five');
    await world.pass(2_000);
    expect(replay.sink.sequences).toEqual([1, 3, 5]);
    expect(replay.sink.of('end')).toEqual([]);
    expect(world.hub.resumeOf(replay.subscriber)).toBe(`${world.hub.head.epoch}-5`);
    for (const { sink } of paced) expect(sink.sequences).toEqual([5]);
  });
});

test('G1: a defect while a change is brought leaves subscribers behind it, and the next change comes', async () => {
  const metrics = countingMetrics();
  const world = await open({ metrics });
  let isBroken = false;
  const breaking = {
    ...everything,
    key: 'breaking',
    allows() {
      if (!isBroken) return true;
      isBroken = false;
      throw new RangeError('a defect');
    },
  };
  const members = [1, 2].map(() => world.join({ repository: ['team/a'], grant: breaking }));
  await world.push('team/a', 'one');
  await world.settle();
  isBroken = true;
  await world.push('team/a', 'two');
  await world.push('team/a', 'three');
  await world.settle();
  const { epoch } = world.hub.head;
  expect(logged).toEqual([
    { error: 'RangeError: a defect', position: `${epoch}-2`, message: 'fan out change: failed: goes on' },
  ]);
  expect(metrics.value('fanout_overruns_total')).toBe(1);
  expect(world.hub.head.sequence).toBe(3);
  for (const { sink, subscriber } of members) {
    expect(sink.sequences).toEqual([1, 2, 3]);
    expect(world.hub.resumeOf(subscriber)).toBe(`${epoch}-3`);
  }
});

test('G5: a reader at changes that the ledger has lost is reset for lost continuity, and goes on', async () => {
  const world = await open({ maxChanges: 5, history: { maxFrames: 1 } });
  for (let n = 0; n < 20; n++) await world.push('team/a', `t${n}`);
  await world.settle();
  const read = world.ledger.read.bind(world.ledger);
  // As a ledger that finds a hole: it raises its floor and says so.
  world.ledger.read = async (after, limit, filter) => {
    if (after !== 3) return read(after, limit, filter);
    await world.ledger.trim();
    const detail = { reason: 'continuity-lost', position: 3, floor: 15, head: 20 };
    throw new ManifeedError('POSITION_GONE', 'read changes: lost', { detail });
  };
  world.ledger.maxPage = 3;
  const member = world.join({ id: 's', start: world.after(0) });
  await world.settle();
  await world.pass(1_000);
  await world.push('team/a', 'more');
  await world.pass(1_000);
  const { epoch } = world.hub.head;
  expect(member.sink.of('reset')).toMatchObject([
    { id: 's', reason: 'continuity-lost', position: `${epoch}-20`, floor: `${epoch}-15` },
  ]);
  expect(member.sink.sequences).toEqual([1, 2, 3, 21]);
});
