import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/event/change.ts';
import type { Grant } from '../../../src/event/grant.ts';
import { Frame } from '../../../src/fanout/frame.ts';
import { GroupIndex } from '../../../src/fanout/group-index.ts';
import { Subscriber } from '../../../src/fanout/subscriber.ts';
import { FakeSink } from '../../support/fake-sink.ts';
import { everything, filterOf, keyOf, openWorld } from '../../support/hub-world.ts';

let nextNumber = 1;
const subscriber = (paced = false) =>
  new Subscriber(nextNumber++, { sink: new FakeSink(), grant: everything, paced, conflate: false }, 0);

let sequence = 0;
const frame = (repository: string, tag = 'latest'): Frame => {
  const change: Change = {
    epoch: 'e',
    sequence: ++sequence,
    type: 'tag.updated',
    registry: 'registry.example.com',
    repository,
    tag,
    digest: null,
    previousDigest: null,
    mediaType: null,
    size: null,
    occurredAt: 0,
    recordedAt: 0,
    origin: 'test',
  };
  return new Frame(change);
};

describe('the index of groups', () => {
  test('a change visits only those who wait for it, among 100,000 subscriptions to 10,000 repositories', async () => {
    const world = await openWorld();
    const members = Array.from({ length: 10_000 }, () => world.connect());
    for (const [n, member] of members.entries()) {
      for (let id = 0; id < 10; id++) {
        world.subscribe(member, { id: `${id}`, repository: [`team/r${(n + 1_000 * id) % 10_000}`] });
      }
    }
    for (const { sink } of members) sink.heard.length = 0;
    // A subscriber is visited when its marks change: fan-out looks at nothing of the others.
    const marks = members.map(({ subscriber: each }) => each.considered);
    await world.push('team/r77');
    await world.settle();
    const visited = members.filter(({ subscriber: each }, n) => each.considered !== marks[n]);
    expect(visited).toHaveLength(10);
    for (const { sink } of visited) expect(sink.sequences).toEqual([1]);
    world.hub.close();
  });

  test('subscribers with one filter and one grant are one group', () => {
    const index = new GroupIndex(() => {});
    const [a, b] = [subscriber(), subscriber(true)];
    const group = index.add(a, filterOf({ repository: ['team/a'] }), everything);
    expect(index.add(b, filterOf({ repository: ['team/a'] }), { ...everything })).toBe(group);
    expect(group.size).toBe(2);
    const other: Grant = { ...everything, key: 'other' };
    expect(index.add(subscriber(), filterOf({ repository: ['team/a'] }), other)).not.toBe(group);
  });

  test('a group reached by its repository and by its pattern is matched once', () => {
    const index = new GroupIndex(() => {});
    const group = index.add(subscriber(), filterOf({ repository: ['team/a', 'team/*', '**'] }), everything);
    expect(index.match(frame('team/a'))?.groups).toEqual([group]);
    expect(index.match(frame('team/b'))?.groups).toEqual([group]);
  });

  test('equal sequences of two epochs are two changes', () => {
    const index = new GroupIndex(() => {});
    const group = index.add(subscriber(), filterOf({ repository: ['team/a'] }), everything);
    const one = frame('team/a');
    expect(index.match(one)?.groups).toEqual([group]);
    expect(index.match(one)?.groups).toEqual([group]);
  });

  test('a grant is asked once per change for all groups that share it, and what it forbids is not matched', () => {
    const index = new GroupIndex(() => {});
    const asked: string[] = [];
    const grant: Grant = {
      ...everything,
      key: 'team only',
      allows(key) {
        asked.push(key);
        return key === keyOf('team/a');
      },
    };
    for (const tag of ['1', '2', '*'])
      index.add(subscriber(), filterOf({ repository: ['**'], tag: [tag] }), grant);
    expect(index.match(frame('team/a', '1'))?.groups).toHaveLength(2);
    expect(index.match(frame('other/b', '1'))?.groups).toHaveLength(0);
    expect(asked).toEqual([keyOf('team/a'), keyOf('other/b')]);
  });

  test('a pattern is judged once per change, however many groups ask by it', () => {
    const index = new GroupIndex(() => {});
    let judged = 0;
    for (let n = 0; n < 50; n++) {
      const filter = filterOf({ repository: ['team/*-x'], tag: [`t${n}`] });
      index.add(subscriber(), { ...filter, matchesRepository: () => ++judged > 0 }, everything);
    }
    expect(index.match(frame('team/a-x', 't7'))?.groups).toHaveLength(1);
    expect(index.match(frame('team/a-y', 't7'))?.groups).toHaveLength(0);
    expect(judged).toBe(0);
  });

  test('who waits for an exact repository is told when that changes, and only then', () => {
    const told: [string, readonly string[] | null][] = [];
    const index = new GroupIndex((key, scopes) => told.push([key, scopes]));
    const [a, b, c] = [subscriber(), subscriber(), subscriber()];
    const exact = index.add(a, filterOf({ repository: ['team/a'], tag: ['1'] }), everything);
    const again = index.add(b, filterOf({ repository: ['team/a'], tag: ['1'] }), everything);
    const wide = index.add(c, filterOf({ repository: ['team/a'], tag: ['1', '2.*'] }), everything);
    index.add(c, filterOf({ repository: ['team/**'] }), everything);
    index.remove(a, exact);
    index.remove(b, again);
    index.remove(c, wide);
    expect(told).toEqual([
      [keyOf('team/a'), ['1']],
      [keyOf('team/a'), ['1', '2.*']],
      [keyOf('team/a'), null],
    ]);
  });

  test('an empty group is forgotten, with its patterns', () => {
    const index = new GroupIndex(() => {});
    const a = subscriber();
    const group = index.add(a, filterOf({ repository: ['team/*'] }), everything);
    index.remove(a, group);
    index.remove(a, group);
    expect(index.match(frame('team/a'))?.groups).toEqual([]);
    expect([...index.pacedCounts()].flat()).toEqual([]);
  });

  test('paced subscribers are counted by repository and by pattern', () => {
    const index = new GroupIndex(() => {});
    for (const paced of [true, true, false])
      index.add(subscriber(paced), filterOf({ repository: ['team/a', 'other/**'] }), everything);
    expect([...index.pacedCounts()].flat()).toEqual([
      [keyOf('team/a'), 2],
      [keyOf('other/**'), 2],
    ]);
  });

  test('paced subscribers are counted in parts, however they are spread over names, groups and patterns', () => {
    const index = new GroupIndex(() => {});
    const add = (repository: string[], tag: string[]) =>
      index.add(subscriber(true), filterOf({ repository, tag }), everything);
    const names = Array.from({ length: 900 }, (_, n) => `team/r${n}`);
    const globs = Array.from({ length: 300 }, (_, n) => `team/g${n}*`);
    add(names, []);
    for (let n = 0; n < 400; n++) add(['team/r0'], [`t${n}`]);
    for (let n = 0; n < 3; n++) add(globs, [`t${n}`]);
    const work = { steps: 0, limit: 50 };
    const counts: (readonly [string, number])[] = [];
    let parts = 0;
    for (const part of index.pacedCounts(work)) {
      expect(work.steps).toBeLessThanOrEqual(50);
      expect(part.length).toBeLessThanOrEqual(50);
      counts.push(...part);
      parts += 1;
    }
    // A step for each group of a name, each name, each group with globs, and each glob in it and in all.
    expect(parts).toBe(1 + Math.floor((900 + 400 + 900 + 3 + 900 + 300) / 50));
    expect(new Map(counts)).toEqual(
      new Map([
        ...names.map((name, n): [string, number] => [keyOf(name), n === 0 ? 401 : 1]),
        ...globs.map((glob): [string, number] => [keyOf(glob), 3]),
      ]),
    );
  });

  test('what changes between two parts leaves the other counts right', () => {
    const index = new GroupIndex(() => {});
    const members = Array.from({ length: 20 }, (_, n) => {
      const member = subscriber(true);
      return { member, group: index.add(member, filterOf({ repository: [`team/r${n}`] }), everything) };
    });
    const counting = index.pacedCounts({ steps: 0, limit: 10 });
    const first = counting.next().value ?? [];
    for (const { member, group } of members.slice(2)) index.remove(member, group);
    index.add(subscriber(true), filterOf({ repository: ['team/new'] }), everything);
    const names = ['team/r0', 'team/r1', 'team/r2', 'team/r3', 'team/r4', 'team/new'];
    expect([...first, ...[...counting].flat()]).toEqual(names.map((name) => [keyOf(name), 1]));
  });
});
