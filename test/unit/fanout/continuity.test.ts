import fc from 'fast-check';
import { describe, test } from 'vitest';
import {
  clients,
  filters,
  repositories,
  Session,
  type Setting,
  type Step,
} from '../../support/continuity-session.ts';
import { openWorld } from '../../support/hub-world.ts';

const client = fc.nat(clients - 1);
const stepKinds: { weight: number; arbitrary: fc.Arbitrary<Step> }[] = [
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('push' as const),
      repository: fc.constantFrom(...repositories),
      tag: fc.constantFrom('one', 'two'),
      gone: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('burst' as const), count: fc.integer({ min: 2, max: 9 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('room' as const),
      client,
      room: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('drain' as const),
      client,
      room: fc.integer({ min: 1, max: 12 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('subscribe' as const),
      client,
      filter: fc.nat(filters.length - 1),
      back: fc.integer({ min: -4, max: 12 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('unsubscribe' as const), client, which: fc.nat(3) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const), client }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('beat' as const), client }) },
  { weight: 6, arbitrary: fc.constant({ kind: 'turn' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 60 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('hold' as const), on: fc.boolean() }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'release' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('away' as const), on: fc.boolean() }) },
];
const step = fc.oneof(...stepKinds);
const stepOrLoss = fc.oneof(
  ...stepKinds,
  { weight: 1, arbitrary: fc.constant({ kind: 'trim' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), refill: fc.nat(12) }) },
);

async function hold(setting: Setting, steps: readonly Step[]): Promise<void> {
  const { maxFrames, pageSize, maxQueuedChanges, paced, losses } = setting;
  const world = await openWorld({
    maxQueuedChanges,
    ...(losses ? { maxChanges: 5 } : {}),
    history: { maxFrames, pageSize, maxReads: 2, maxPages: 2 },
    ...(paced ? { pace: { deliveriesPerSecond: 20, burst: 1, maxWindowMs: 600_000 } } : {}),
  });
  try {
    await new Session(world, setting).run(steps);
  } finally {
    world.hub.close();
  }
}

const setting = (paced: boolean, conflate: boolean, losses = false): fc.Arbitrary<Setting> =>
  fc.record({
    paced: fc.constant(paced),
    conflate: fc.constant(conflate),
    losses: fc.constant(losses),
    maxQueuedChanges: fc.constantFrom(3, 10_000),
    maxFrames: fc.constantFrom(1, 4, 4_096),
    pageSize: fc.constantFrom(1, 3, 256),
  });
const long = { minLength: 10, maxLength: 80, size: 'max' } as const;
const steps = fc.array(step, long);
const lossySetting = fc.boolean().chain((paced) => setting(paced, false, true));
const lossySteps = fc.array(stepOrLoss, long);
const numRuns = Number(process.env.FUZZ_RUNS ?? 150);

describe('continuity', () => {
  test('without pace: replay meets live without gap or duplicate, and no resume position passes a change', () =>
    fc.assert(fc.asyncProperty(setting(false, false), steps, hold), { numRuns }));

  test('with pace: overtaking loses nothing, keeps each tag in order, and can be resumed at any moment', () =>
    fc.assert(fc.asyncProperty(setting(true, false), steps, hold), { numRuns }));

  test('with conflation: the newest change of each tag arrives, and no older one after it', () =>
    fc.assert(fc.asyncProperty(setting(true, true), steps, hold), { numRuns }));

  test('what retention drops and a lost epoch are told to each subscription, and nothing else is missing', () =>
    fc.assert(fc.asyncProperty(lossySetting, lossySteps, hold), { numRuns }));
});
