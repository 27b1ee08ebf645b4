import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxDone } from '../../../../src/ledger/cursors.ts';
import { CourseWorld } from '../../../support/course-world.ts';

const tag = fc.constantFrom('a', 'b', 'c');
const repository = fc.constantFrom('team/app', 'team/other');
const verdict = fc.constantFrom(
  { kind: 'accepted' } as const,
  { kind: 'accepted' } as const,
  { kind: 'retry', why: '' } as const,
  { kind: 'retry', why: '', afterMs: 90_000 } as const,
);

type Act = (world: CourseWorld) => void;

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(tag, repository).map(
      ([t, r]): Act =>
        (world) =>
          world.publish(t, r),
    ),
  },
  { weight: 3, arbitrary: fc.constant<Act>((world) => world.bring()) },
  {
    weight: 3,
    arbitrary: fc.nat(9).map(
      (at): Act =>
        (world) =>
          world.bringOne(at),
    ),
  },
  { weight: 3, arbitrary: fc.constant<Act>((world) => void world.start()) },
  {
    weight: 4,
    arbitrary: fc.tuple(verdict, fc.nat(3)).map(
      ([kind, at]): Act =>
        (world) =>
          world.settle(kind, at),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.nat(30_000).map(
      (ms): Act =>
        (world) => {
          world.now += ms;
        },
    ),
  },
  { weight: 2, arbitrary: fc.constant<Act>((world) => world.save()) },
  { weight: 1, arbitrary: fc.constant<Act>((world) => world.crash()) },
  {
    weight: 1,
    arbitrary: fc.boolean().map(
      (halted): Act =>
        (world) =>
          world.course.halt(halted),
    ),
  },
);

const rules = fc.record({
  coalesceMs: fc.constantFrom(0, 0, 5_000),
  minAgeMs: fc.constantFrom(0, 0, 10_000),
  concurrency: fc.integer({ min: 1, max: 3 }),
});

/** All that the tool has of a tag must come in order; what was accepted before may come again. */
function firstTimes(world: CourseWorld, subject: string): readonly number[] {
  const own = world.accepted.filter((sequence) => world.log[sequence - 1]?.subject === subject);
  return [...new Set(own)];
}

describe('a course, whatever comes in whatever order', () => {
  it('delivers each change at least once, or a newer one of its tag, in order per tag, over crashes', () => {
    fc.assert(
      fc.property(rules, fc.array(act, { maxLength: 120, size: 'max' }), (given, acts) => {
        const world = new CourseWorld(given);
        const isDone = (sequence: number) => {
          const entry = world.log[sequence - 1];
          return world.accepted.some(
            (later) => later >= sequence && world.log[later - 1]?.subject === entry?.subject,
          );
        };
        for (const each of acts) {
          each(world);
          const { low, done } = world.course.cursor();
          expect(done.length).toBeLessThanOrEqual(maxDone);
          const passed = [...Array.from({ length: low }, (_, at) => at + 1), ...done];
          for (const sequence of passed) {
            expect(world.fates.has(sequence)).toBe(true);
            // With a least age, a change is given up for a newer one that is still to be delivered.
            if (given.minAgeMs === 0) expect(isDone(sequence)).toBe(true);
          }
        }
        world.finish();
        expect(world.log.every(({ sequence }) => isDone(sequence))).toBe(true);
        expect(world.saved).toEqual({ epoch: 'abcdefgh', low: world.log.length, done: [] });
        for (const subject of new Set(world.log.map((entry) => entry.subject))) {
          const order = firstTimes(world, subject);
          expect(order).toEqual([...order].sort((a, b) => a - b));
        }
        if (given.coalesceMs === 0 && given.minAgeMs === 0)
          expect(new Set(world.accepted).size).toBe(world.log.length);
      }),
      { numRuns: 400 },
    );
  });
});
