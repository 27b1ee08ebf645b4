import { describe, expect, it } from 'vitest';
import { maxDone } from '../../../../src/ledger/cursors.ts';
import { CourseWorld } from '../../../support/course-world.ts';

const retry = { kind: 'retry', why: 'status 500' } as const;
const accepted = { kind: 'accepted' } as const;
const cursor = (low: number, ...done: number[]) => ({ epoch: 'abcdefgh', low, done });

describe('a course', () => {
  it('delivers changes of different tags at once, those of one tag in order', () => {
    const world = new CourseWorld();
    for (const tag of ['a', 'b', 'a', 'a']) world.publish(tag);
    world.bring();
    expect(world.startAll().flatMap(world.tags)).toEqual(['a', 'b']);
    world.settle(accepted);
    expect(world.startAll()).toHaveLength(2);
    world.finish();
    expect(world.accepted.filter((sequence) => sequence !== 2)).toEqual([1, 3, 4]);
    expect(world.saved).toEqual(cursor(4));
  });

  it('has no more under way than it may', () => {
    const world = new CourseWorld({ concurrency: 2 });
    for (const tag of ['a', 'b', 'c']) world.publish(tag);
    world.bring();
    expect(world.startAll()).toHaveLength(2);
    expect(world.course.nextAt(world.now)).toBeNull();
    world.settle(accepted);
    expect(world.course.nextAt(world.now)).toBe(world.now);
  });

  /** Ten deliveries have failed, and ten more changes wait. */
  function failing(): CourseWorld {
    const world = new CourseWorld({ concurrency: 1 });
    for (let n = 0; n < 20; n++) world.publish(`tag-${n}`);
    world.bring();
    for (let n = 0; n < 10; n++) {
      world.start();
      world.settle(retry);
    }
    return world;
  }

  it('asks a tool that fails everything four times a second', () => {
    const world = failing();
    for (let n = 0; n < 5; n++) {
      expect(world.start()).not.toBeNull();
      world.settle(retry);
      expect(world.start()).toBeNull();
      expect(world.course.nextAt(world.now)).toBe(world.now + 250);
      world.now += 250;
    }
  });

  it('asks it by turns what failed and what is new', () => {
    const world = failing();
    world.now += 5_000;
    const attempts = Array.from({ length: 6 }, () => {
      const batch = world.start();
      world.settle(retry);
      world.now += 250;
      return batch?.attempts ?? 0;
    });
    expect(attempts).toEqual([2, 1, 2, 1, 2, 1]);
  });

  it.each<[string, (world: CourseWorld) => void]>([
    ['it accepts something', (world) => world.settle(accepted)],
    ['it refuses something', (world) => world.settle({ kind: 'refused', why: 'status 400' })],
    [
      'an operator resumes it',
      (world) => {
        world.settle(retry);
        world.course.tryNow();
      },
    ],
  ])('goes on at once when %s', (_what, end) => {
    const world = failing();
    world.start();
    end(world);
    expect(world.start()).not.toBeNull();
    expect(world.course.nextAt(world.now)).toBeNull();
  });

  it('keeps the low-water mark below what is not done, and remembers what is done above it', () => {
    const world = new CourseWorld();
    for (const tag of ['a', 'b', 'c']) world.publish(tag);
    world.bring();
    world.startAll();
    expect(world.course.cursor()).toEqual(cursor(0));
    world.settle(accepted, 1);
    expect(world.course.cursor()).toEqual(cursor(0, 2));
    world.settle(accepted, 0);
    expect(world.course.cursor()).toEqual(cursor(2));
  });

  it('after a crash repeats only what was not saved as done', () => {
    const world = new CourseWorld();
    for (const tag of ['a', 'b', 'c']) world.publish(tag);
    world.bring();
    world.startAll();
    world.settle(accepted, 1);
    world.save();
    world.crash();
    world.bring();
    expect(world.startAll().flatMap(world.tags)).toEqual(['a', 'c']);
  });

  it('lets the mark rise with what the hub passes over', () => {
    const world = new CourseWorld();
    world.course.tell(900);
    expect(world.course.cursor()).toEqual(cursor(900));
  });

  it('holds back only the tag that fails', () => {
    const world = new CourseWorld();
    for (const tag of ['bad', 'good', 'bad', 'good']) world.publish(tag);
    world.bring();
    world.startAll();
    world.settle(retry);
    world.settle(accepted);
    expect(world.startAll().flatMap(world.tags)).toEqual(['good']);
    expect(world.course.retryAt).toBeGreaterThan(world.now);
    world.settle(accepted);
    world.finish();
    expect(world.accepted).toEqual([2, 4, 1, 3]);
  });

  it('waits when there are too many above the mark, and goes on when there is room', () => {
    const world = new CourseWorld();
    for (let at = 0; at < maxDone + 50; at++) world.publish(at === 0 ? 'bad' : `t${at}`);
    world.bring();
    expect(world.course.isFull).toBe(true);
    world.startAll();
    world.settle(retry);
    for (;;) {
      while (world.underWay.length > 0) world.settle(accepted);
      if (world.startAll().length === 0) break;
    }
    // Nothing is lost by being done out of order: the mark could not rise, so the target waits.
    expect(world.course.isFull).toBe(true);
    expect(world.course.cursor().done).toHaveLength(maxDone - 1);
    world.finish();
    expect(world.saved).toEqual(cursor(maxDone + 50));
  });

  it('takes one more while nothing waits, so that what the pace holds back can come', () => {
    const world = new CourseWorld();
    // The hub has held back the first change, and brought all others.
    for (let at = 0; at <= maxDone; at++) world.publish(`t${at}`);
    for (const entry of world.log.slice(1)) world.course.arrive(entry, true, world.now);
    expect(world.course.isFull).toBe(true);
    while (world.startAll().length > 0) while (world.underWay.length > 0) world.settle(accepted);
    expect(world.course.cursor().done).toHaveLength(maxDone);
    expect(world.course.isFull).toBe(false);
    const [first] = world.log;
    if (first !== undefined) world.course.arrive(first, true, world.now);
    world.course.tell(1);
    expect(world.course.cursor().done).toHaveLength(maxDone);
    world.startAll();
    world.settle(accepted);
    expect(world.course.cursor().done.length).toBeLessThanOrEqual(maxDone);
  });

  it('names no more as done than a cursor can, and after a crash repeats the rest', () => {
    const world = new CourseWorld();
    for (let at = 0; at < maxDone + 50; at++) world.publish(`t${at}`);
    // The hub holds back the first change, and brings the others one after the other.
    for (const entry of world.log.slice(1)) {
      world.course.arrive(entry, true, world.now);
      world.startAll();
      world.settle(accepted);
    }
    const { low, done } = world.course.cursor();
    expect({ low, first: done[0], count: done.length }).toEqual({ low: 0, first: 2, count: maxDone });
    world.save();
    world.crash();
    world.finish();
    expect(new Set(world.accepted).size).toBe(maxDone + 50);
  });

  it('gives up what is too old, in groups and in deliveries that failed', () => {
    const world = new CourseWorld({ maxAgeMs: 60_000, concurrency: 1 });
    world.publish('a');
    world.publish('b');
    world.bring();
    world.startAll();
    world.settle({ ...retry, afterMs: 3_600_000 });
    expect(world.course.retryAt).toBe(world.now + 60_000);
    world.now += 60_000;
    expect(world.start()).toBeNull();
    expect([...world.fates]).toEqual([
      [1, 'expired'],
      [2, 'expired'],
    ]);
    expect(world.course.cursor()).toEqual(cursor(2));
  });

  it('is done with what the tool refuses or ignores', () => {
    const world = new CourseWorld();
    world.publish('a');
    world.publish('b');
    world.bring();
    world.startAll();
    world.settle({ kind: 'refused', why: 'status 422' });
    world.settle({ kind: 'ignored', why: 'no such container' });
    expect([...world.fates.values()]).toEqual(['refused', 'ignored']);
    expect(world.course.cursor()).toEqual(cursor(2));
  });

  it('starts nothing while it is halted', () => {
    const world = new CourseWorld();
    world.publish('a');
    world.bring();
    world.startAll();
    world.course.halt(true);
    world.settle({ kind: 'stop', why: 'status 410' });
    world.now += 86_000_000;
    expect(world.start()).toBeNull();
    expect(world.course.nextAt(world.now)).toBeNull();
    world.now -= 86_000_000;
    world.course.halt(false);
    expect(world.start()).toBeNull();
    world.course.tryNow();
    expect(world.tags(world.start())).toEqual(['a']);
  });
});

describe('a change that an operator wants to be tried', () => {
  it('is tried at once, and its retries begin anew', () => {
    const world = new CourseWorld();
    world.publish('a');
    world.bring();
    while (world.now < 1_000_000 + 6 * 3_600_000) {
      const batch = world.start();
      if (batch === null) throw new Error('start: nothing is due');
      world.settle({ kind: 'retry', why: 'status 500' });
      world.now = Math.max(world.now, world.course.retryAt ?? 0);
    }
    const attempts = world.start()?.attempts ?? 0;
    world.settle({ kind: 'retry', why: 'status 500' });
    expect((world.course.retryAt ?? 0) - world.now).toBeGreaterThan(3_600_000);
    world.course.tryNow();
    expect(world.start()?.attempts).toBe(attempts + 1);
    world.settle({ kind: 'retry', why: 'status 500' });
    expect((world.course.retryAt ?? 0) - world.now).toBeLessThanOrEqual(500);
  });
});

describe('a course that coalesces', () => {
  it('sends the newest change of each tag of a repository as one delivery', () => {
    const world = new CourseWorld({ coalesceMs: 5_000 });
    for (const tag of ['1.27.3', '1.27', '1.27', 'latest']) world.publish(tag);
    world.publish('x', 'team/other');
    world.bring();
    expect(world.start()).toBeNull();
    expect(world.course.nextAt(world.now)).toBe(world.now + 5_000);
    world.now += 5_000;
    const [one, other] = world.startAll();
    expect(world.tags(one)).toEqual(['1.27.3', '1.27', 'latest']);
    expect(one?.newest().map(({ sequence }) => sequence)).toEqual([1, 3, 4]);
    expect(world.tags(other)).toEqual(['x']);
    world.settle(accepted);
    expect([...world.fates]).toEqual([
      [1, 'accepted'],
      [2, 'overtaken'],
      [3, 'accepted'],
      [4, 'accepted'],
    ]);
  });

  it('holds back only the tags of a delivery that is under way', () => {
    const world = new CourseWorld({ coalesceMs: 5_000 });
    world.publish('a');
    world.bring();
    world.now += 5_000;
    world.startAll();
    world.publish('a');
    world.publish('b');
    world.bring();
    world.now += 5_000;
    expect(world.tags(world.startAll().at(-1))).toEqual(['b']);
    world.settle(accepted);
    world.now += 5_000;
    expect(world.tags(world.startAll().at(-1))).toEqual(['a']);
  });

  it('lets newer changes of its tags join a delivery that failed', () => {
    const world = new CourseWorld({ coalesceMs: 5_000 });
    world.publish('a');
    world.publish('b');
    world.bring();
    world.now += 5_000;
    world.startAll();
    world.publish('a');
    world.bring();
    world.settle(retry);
    world.publish('b');
    world.publish('c');
    world.bring();
    world.now += 5_000;
    const [again, fresh] = world.startAll();
    expect(again?.newest().map(({ sequence }) => sequence)).toEqual([3, 4]);
    expect(world.tags(fresh)).toEqual(['c']);
    world.settle(accepted);
    expect(world.fates.get(1)).toBe('overtaken');
    expect(world.fates.get(2)).toBe('overtaken');
  });
});

describe('a course with a least age', () => {
  it('sends a change once it has stood for so long', () => {
    const world = new CourseWorld({ minAgeMs: 60_000 });
    world.publish('a');
    world.now += 20_000;
    world.bring();
    expect(world.start()).toBeNull();
    expect(world.course.nextAt(world.now)).toBe(world.now + 40_000);
    world.now += 40_000;
    expect(world.tags(world.start())).toEqual(['a']);
  });

  it('gives up a change that did not stand', () => {
    const world = new CourseWorld({ minAgeMs: 60_000 });
    world.publish('a');
    world.bring();
    world.now += 59_000;
    world.publish('a');
    world.bring();
    world.finish();
    expect(world.accepted).toEqual([2]);
    expect(world.fates.get(1)).toBe('overtaken');
  });

  it('gives up a change that was deleted, though it asks for no deletes', () => {
    const world = new CourseWorld({ minAgeMs: 60_000 });
    world.publish('a');
    world.bring();
    world.publish('a');
    const [, gone] = world.log;
    if (gone !== undefined) world.course.arrive(gone, false, world.now);
    world.course.tell(2);
    expect([...world.fates]).toEqual([[1, 'overtaken']]);
    expect(world.course.cursor()).toEqual(cursor(2));
  });

  it('is due once it has stood for the least age, and from then on waits', () => {
    const world = new CourseWorld({ minAgeMs: 60_000 });
    const born = world.now;
    expect(world.course.dueSince(born)).toBeNull();
    world.publish('a');
    world.publish('b');
    world.bring();
    expect(world.course.dueSince(born + 59_999)).toBeNull();
    world.now += 100_000;
    world.publish('c');
    world.bring();
    expect(world.course.dueSince(world.now)).toBe(born + 60_000);
    world.startAll();
    world.settle(accepted);
    world.settle(accepted);
    expect(world.course.dueSince(world.now)).toBeNull();
    expect(world.course.dueSince(world.now + 60_000)).toBe(world.now + 60_000);
  });

  it('gives up a change that failed and is no longer current', () => {
    const world = new CourseWorld({ minAgeMs: 60_000, coalesceMs: 1_000 });
    world.publish('a');
    world.publish('b');
    world.bring();
    world.now += 60_000;
    world.startAll();
    world.settle({ ...retry, afterMs: 30_000 });
    world.publish('a');
    world.bring();
    expect([...world.fates]).toEqual([[1, 'overtaken']]);
    world.now += 30_000;
    expect(world.tags(world.start())).toEqual(['b']);
  });
});
