/** One client's filters cost the others nothing that can be noticed: counted in searches, never in time. */
import { describe, expect, test } from 'vitest';
import type { Grant } from '../../../src/event/grant.ts';
import { PatternGroups } from '../../../src/fanout/pattern-groups.ts';
import { costliest, costlyGlobs, costlyRepository } from '../../support/costly-globs.ts';
import { everything, filterOf, openWorld, type World } from '../../support/hub-world.ts';
import { countSearches } from '../../support/string-searches.ts';

/** About 5 ms of work. */
const mostInOneTurn = 250_000;

/** A history in which no repository comes twice. */
async function withHistory(changes: number): Promise<World> {
  const world = await openWorld({ history: { maxFrames: 10_000 } });
  for (let n = 0; n < changes; n++) await world.push(costlyRepository(n));
  await world.settle();
  return world;
}

const nobody: Grant = { ...everything, key: 'nobody', allows: () => false };
const repository = [...costlyGlobs(costliest)];

describe('a past of 2,500 changes', () => {
  test('is replayed in slices', async () => {
    const world = await withHistory(2_500);
    const searches = await countSearches(async () => {
      const { sink } = world.join({ repository, start: world.after(0) });
      while (!sink.heard.some((each) => JSON.stringify(each).includes('ready'))) await world.settle();
    });
    expect(searches.total).toBeGreaterThan(4 * mostInOneTurn);
    expect(searches.mostInOneTurn).toBeLessThan(mostInOneTurn);
    world.hub.close();
  });

  test('is looked through for the newest in slices, until the client is gone', async () => {
    const world = await withHistory(2_500);
    const filter = filterOf({ repository });
    const request = { owner: '', grant: everything, filter, isCancelled: () => false };
    const searches = await countSearches(() => world.hub.recent(100, request));
    expect(searches.total).toBeGreaterThan(4 * mostInOneTurn);
    expect(searches.mostInOneTurn).toBeLessThan(mostInOneTurn);
    let isCancelled = false;
    setImmediate(() => {
      isCancelled = true;
    });
    const other = filterOf({ repository: [...costlyGlobs(costliest, 1_000)] });
    const left = await countSearches(() =>
      world.hub.recent(100, { ...request, filter: other, isCancelled: () => isCancelled }),
    );
    expect(left.total).toBeLessThan(2 * mostInOneTurn);
    world.hub.close();
  });

  test('a replay stops with its connection', async () => {
    const world = await withHistory(2_500);
    const searches = await countSearches(async () => {
      const { subscriber } = world.join({ repository, start: world.after(0) });
      await new Promise(setImmediate);
      world.hub.disconnect(subscriber);
      await world.settle();
    });
    expect(searches.total).toBeLessThan(2 * mostInOneTurn);
    world.hub.close();
  });

  test('the state of as many tags is sent in slices', async () => {
    const world = await withHistory(2_500);
    const searches = await countSearches(async () => {
      const { sink } = world.join({ repository, snapshot: true });
      while (!sink.heard.some((each) => JSON.stringify(each).includes('ready'))) await world.settle();
    });
    expect(searches.total).toBeGreaterThan(4 * mostInOneTurn);
    expect(searches.mostInOneTurn).toBeLessThan(mostInOneTurn);
    world.hub.close();
  });

  test('a repository that comes again is not judged again', async () => {
    const world = await openWorld();
    for (let n = 0; n < 1_000; n++) await world.push(costlyRepository(n % 10));
    await world.settle();
    const searches = await countSearches(async () => {
      const { sink } = world.join({ repository, start: world.after(0) });
      while (!sink.heard.some((each) => JSON.stringify(each).includes('ready'))) await world.settle();
    });
    expect(searches.total).toBeLessThan(100_000);
    world.hub.close();
  });
});

test('a read is narrowed to a thousand names at most', async () => {
  const world = await openWorld();
  const names = (from: number) => Array.from({ length: 600 }, (_, n) => `team/r${from + n}`);
  const member = world.join({ id: 'a', repository: names(0) });
  expect(member.subscriber.exactRepositories()).toHaveLength(600);
  world.subscribe(member, { id: 'b', repository: names(600) });
  expect(member.subscriber.exactRepositories()).toBeUndefined();
  world.hub.close();
});

describe('a live change', () => {
  test('asks nothing of globs whose owner may not see the repository', async () => {
    const world = await openWorld();
    for (let n = 0; n < 20; n++) {
      world.join({ repository: [...costlyGlobs(costliest, n * costliest)], grant: nobody });
    }
    const member = world.join();
    await world.settle();
    const searches = await countSearches(async () => {
      await world.push(costlyRepository(0));
      await world.settle();
    });
    expect(member.sink.sequences).toEqual([1]);
    expect(searches.total).toBeLessThan(2_000);
    world.hub.close();
  });

  test('judges the globs of a repository once, and those that came since', async () => {
    const world = await openWorld();
    for (let n = 0; n < 19; n++) world.join({ repository: [...costlyGlobs(costliest, n * costliest)] });
    await world.settle();
    const change = () =>
      countSearches(async () => {
        await world.push(costlyRepository(0));
        await world.settle();
      });
    const first = await change();
    expect(first.total).toBeGreaterThan(20_000);
    expect((await change()).total).toBeLessThan(2_000);
    world.join({ repository: [...costlyGlobs(2, 10_000)] });
    expect((await change()).total).toBeLessThan(2_000);
    world.hub.close();
  });

  test('whose globs take longer than a turn arrives all the same, once, in order', async () => {
    const world = await openWorld({
      interests: {
        ...{ globsPerConnection: 1e6, globsPerClient: 1e6, globs: 1e6 },
        ...{ filterBytesPerConnection: 1e9, filterBytesPerClient: 1e9, filterBytes: 1e9 },
      },
    });
    for (let n = 0; n < 15; n++) world.join({ repository: [...costlyGlobs(1_000, n * 1_000)] });
    const members = [world.join(), world.join({ repository: [costlyRepository(0)] })];
    await world.settle();
    const searches = await countSearches(async () => {
      for (let n = 0; n < 3; n++) await world.push(costlyRepository(0));
      while (world.hub.fanningOut) await world.settle();
    });
    for (const { sink } of members) expect(sink.sequences).toEqual([1, 2, 3]);
    expect(searches.total).toBeGreaterThan(mostInOneTurn);
    expect(searches.mostInOneTurn).toBeLessThan(mostInOneTurn);
    world.hub.close();
  });

  test('that waits for its globs is not brought after continuity was lost', async () => {
    const world = await openWorld({
      interests: {
        ...{ globsPerConnection: 1e6, globsPerClient: 1e6, globs: 1e6 },
        ...{ filterBytesPerConnection: 1e9, filterBytesPerClient: 1e9, filterBytes: 1e9 },
      },
    });
    for (let n = 0; n < 15; n++) world.join({ repository: [...costlyGlobs(1_000, n * 1_000)] });
    const member = world.join();
    await world.settle();
    await world.push(costlyRepository(0));
    expect(world.hub.fanningOut).toBe(true);
    world.ledger.loseContinuity();
    while (world.hub.fanningOut) await world.settle();
    expect(member.sink.sequences).toEqual([]);
    expect(world.hub.head.sequence).toBe(0);
    world.hub.close();
  });
});

describe('what is remembered of repositories', () => {
  const key = (n: number) => `registry.example.com/team/r${n}`;
  const unlimited = { steps: 0, limit: Number.POSITIVE_INFINITY };

  test('is bounded', () => {
    const groups = new PatternGroups({ maxRepositories: 100, maxReaders: 1_000 });
    const filter = filterOf({ repository: ['team/*'] });
    const group = { filter, grant: everything };
    groups.add(group as never);
    for (let n = 0; n < 10_000; n++) {
      expect(groups.readersOf(key(n), unlimited)).toHaveLength(1);
    }
    expect(groups.remembered).toBeLessThanOrEqual(200);
    groups.remove(group as never);
    expect(groups.readersOf(key(9_999), unlimited)?.filter((each) => each.group !== null)).toEqual([]);
  });
});
