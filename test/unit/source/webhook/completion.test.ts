import { afterEach, describe, expect, test } from 'vitest';
import { type Digest, isDigest } from '../../../../src/event/digest.ts';
import type {
  Deferred,
  PendingObservation,
  TagGone,
  TagObserved,
} from '../../../../src/event/observation.ts';
import { noLog } from '../../../../src/lib/log.ts';
import { noMetrics } from '../../../../src/lib/metrics.ts';
import { maxHeld } from '../../../../src/source/pending-work.ts';
import { Completion, giveUpAfterMs, leaseMs } from '../../../../src/source/webhook/completion.ts';
import { type HeadAnswer, headTimeoutMs, maxHeadsPerRegistry } from '../../../../src/upstream/head-queue.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

const startAt = Date.UTC(2027, 0, 1);
const digest = ((text: string): Digest => {
  if (!isDigest(text)) throw new Error(text);
  return text;
})(`sha256:${'a'.repeat(64)}`);
const found = { digest, mediaType: 'application/json', size: 7 };

function observed(tag: string, over: Partial<TagObserved> = {}): TagObserved {
  return {
    kind: 'tag',
    registry: 'r.test',
    repository: 'a',
    tag,
    digest: null,
    mediaType: null,
    size: null,
    saidAt: startAt - 1_001,
    keptAt: startAt,
    occurredAt: startAt - 2_000,
    origin: 'webhook:h',
    dedupeKey: null,
    ...over,
  };
}

/** A ledger's pending observations with leases, and a registry whose HEADs the test answers. */
function makeWorld(answer: (tag: string, signal: AbortSignal) => HeadAnswer | Promise<HeadAnswer>) {
  const clock = fakeClock(startAt);
  const pending = new Map<string, { observation: Deferred; leasedUntil: number }>();
  const recorded: TagObserved[] = [];
  const gone: TagGone[] = [];
  const heads: string[] = [];
  let underWay = 0;
  let highest = 0;
  let next = 0;
  let isLedgerUp = true;
  const defer = (observation: Deferred) => pending.set(String(next++), { observation, leasedUntil: 0 });
  const make = () =>
    new Completion({
      clock,
      random: () => 0.5,
      metrics: noMetrics,
      log: noLog,
      countOutcomes() {},
      registries: {
        async head(_registry, _repository, tag, signal) {
          heads.push(tag);
          underWay += 1;
          highest = Math.max(highest, underWay);
          try {
            return await answer(tag, signal);
          } finally {
            underWay -= 1;
          }
        },
      },
      ledger: {
        async claimPending(limit, lease): Promise<readonly PendingObservation[]> {
          const free = [...pending].filter(([, entry]) => entry.leasedUntil <= clock.now()).slice(0, limit);
          for (const [, entry] of free) entry.leasedUntil = clock.now() + lease;
          return free.map(([id, { observation }]) => ({ id, observation }));
        },
        async record(observations, settles) {
          if (!isLedgerUp) throw new Error('disk full');
          for (const id of settles) pending.delete(id);
          for (const one of observations) {
            if (one.kind === 'tag') recorded.push(one);
            if (one.kind === 'tag-gone') gone.push(one);
          }
          return { outcomes: [] };
        },
      },
    });
  const completion = make();
  return {
    ...{ clock, pending, recorded, gone, heads, defer, make, completion },
    highest: () => highest,
    setLedger: (isUp: boolean) => {
      isLedgerUp = isUp;
    },
  };
}

/** Lets everything run that needs no time to pass. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 60; turn += 1) await new Promise(setImmediate);
}

const open: Completion[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((completion) => completion.close()));
});

function start(world: ReturnType<typeof makeWorld>, completion = world.completion): void {
  open.push(completion);
  completion.start();
}

describe('a tag without digest', () => {
  test('is completed by one HEAD, as of when that was sent', async () => {
    const world = makeWorld(() => found);
    start(world);
    world.defer(observed('1'));
    world.completion.wake();
    await settle();
    expect(world.recorded).toEqual([observed('1', { ...found, looked: true, ageMs: 0 })]);
    expect(world.heads).toEqual(['1']);
    expect(world.pending.size).toBe(0);
  });

  test('is completed as of when its HEAD was sent, however long the answer took', async () => {
    const { promise, resolve } = Promise.withResolvers<HeadAnswer>();
    const world = makeWorld(() => promise);
    start(world);
    world.defer(observed('1'));
    world.completion.wake();
    await settle();
    world.clock.advance(700);
    resolve(found);
    await settle();
    expect(world.recorded).toMatchObject([{ looked: true, ageMs: 700 }]);
  });

  test('that the registry does not show yet is asked for again', async () => {
    let count = 0;
    const world = makeWorld(() => (++count < 3 ? 'gone' : found));
    start(world);
    world.defer(observed('1'));
    world.completion.wake();
    await settle();
    world.clock.advance(500);
    await settle();
    expect(world.heads).toHaveLength(2);
    world.clock.advance(1_500);
    await settle();
    expect(world.recorded).toEqual([observed('1', { ...found, looked: true, ageMs: 0 })]);
  });

  test.each<HeadAnswer>(['gone', 'unreachable'])(
    'goes out without one after about ten seconds of "%s"',
    async (answer) => {
      const world = makeWorld(() => answer);
      start(world);
      world.defer(observed('1'));
      world.completion.wake();
      for (let half = 0; half < 20; half += 1) {
        await settle();
        expect(world.recorded).toEqual([]);
        world.clock.advance(500);
      }
      await settle();
      expect(world.heads).toHaveLength(5);
      expect(world.recorded).toEqual([
        observed('1', { dedupeKey: 'webhook:h:null:r.test/a:1', dedupeWindowMs: 60_000 }),
      ]);
    },
  );

  test('goes out at once where there is no such registry to ask, from our own kind each time', async () => {
    const world = makeWorld(() => 'unconfigured');
    start(world);
    world.defer(observed('1', { origin: 'publish:h' }));
    world.completion.wake();
    await settle();
    expect(world.recorded).toEqual([observed('1', { origin: 'publish:h' })]);
  });

  test('does not wait for a HEAD that never answers, whose signal is aborted', async () => {
    let aborted = 0;
    const world = makeWorld(
      (_tag, signal) =>
        new Promise(() => {
          signal.addEventListener('abort', () => {
            aborted += 1;
          });
        }),
    );
    start(world);
    world.defer(observed('1'));
    world.completion.wake();
    await settle();
    world.clock.advance(headTimeoutMs);
    await settle();
    expect(aborted).toBe(1);
    for (let step = 0; step < 30; step += 1) {
      world.clock.advance(500);
      await settle();
    }
    expect(world.recorded).toHaveLength(1);
    expect(world.recorded[0]?.digest).toBeNull();
  });
});

describe('a push from before our last look', () => {
  const other = ((text: string): Digest => {
    if (!isDigest(text)) throw new Error(text);
    return text;
  })(`sha256:${'b'.repeat(64)}`);
  const late = observed('1', { digest: other, mediaType: 'application/json', size: 9 });

  test('is decided by what the registry says, at once', async () => {
    const world = makeWorld(() => found);
    start(world);
    world.defer(late);
    world.completion.wake();
    await settle();
    const { saidAt: _, occurredAt: __, ...look } = observed('1', { ...found, looked: true, ageMs: 0 });
    expect(world.recorded).toEqual([look]);
    expect(world.pending.size).toBe(0);
  });

  test('keeps its time where the registry shows just that push', async () => {
    const world = makeWorld(() => ({ digest: other, mediaType: 'application/json', size: 9 }));
    start(world);
    world.defer(late);
    world.completion.wake();
    await settle();
    expect(world.recorded).toEqual([{ ...late, looked: true, ageMs: 0 }]);
  });

  test('whose tag is gone deletes it, after one HEAD', async () => {
    const world = makeWorld(() => 'gone');
    start(world);
    world.defer(late);
    world.completion.wake();
    await settle();
    expect(world.gone).toMatchObject([{ tag: '1', looked: true, ageMs: 0, keptAt: startAt }]);
    expect(world.heads).toHaveLength(1);
  });

  test('counts as it came where the registry does not answer', async () => {
    const world = makeWorld(() => 'unreachable');
    start(world);
    world.defer(late);
    world.completion.wake();
    for (let waited = 0; waited <= giveUpAfterMs; waited += 500) {
      await settle();
      world.clock.advance(500);
    }
    await settle();
    expect(world.recorded).toEqual([late]);
  });
});

test('a HEAD that throws counts as unreachable', async () => {
  let count = 0;
  const world = makeWorld(() => {
    count += 1;
    if (count === 1) throw new Error('bug');
    return found;
  });
  start(world);
  world.defer(observed('1'));
  world.completion.wake();
  await settle();
  world.clock.advance(500);
  await settle();
  expect(world.recorded[0]?.digest).toBe(digest);
});

test('six webhooks of one push cost two HEADs: one may have been sent before the last came', async () => {
  const gates: (() => void)[] = [];
  const world = makeWorld(() => new Promise((resolve) => gates.push(() => resolve(found))));
  start(world);
  for (let count = 0; count < 6; count += 1) world.defer(observed('1'));
  world.completion.wake();
  await settle();
  expect(world.heads).toHaveLength(1);
  for (const gate of gates.splice(0)) gate();
  await settle();
  expect(world.heads).toHaveLength(2);
  for (const gate of gates.splice(0)) gate();
  await settle();
  expect(world.recorded).toHaveLength(6);
});

test('a registry that hangs holds up no other, and never has more HEADs than its bound', async () => {
  const world = makeWorld((tag) => (tag === 'fast' ? found : new Promise<HeadAnswer>(() => {})));
  start(world);
  for (let index = 0; index < 50; index += 1) world.defer(observed(`slow${index}`));
  world.defer(observed('fast', { registry: 'other.test' }));
  world.completion.wake();
  await settle();
  expect(world.recorded.map(({ tag }) => tag)).toEqual(['fast']);
  expect(world.highest()).toBeLessThanOrEqual(maxHeadsPerRegistry + 1);
  for (let waited = 0; waited <= giveUpAfterMs; waited += 500) {
    world.clock.advance(500);
    await settle();
  }
  expect(world.recorded).toHaveLength(51);
});

test('no more is held than the bound, and all is completed in the end', async () => {
  const gates: (() => void)[] = [];
  const world = makeWorld(() => new Promise((resolve) => gates.push(() => resolve(found))));
  start(world);
  const total = maxHeld + 100;
  for (let index = 0; index < total; index += 1) world.defer(observed(`t${index}`));
  world.completion.wake();
  await settle();
  const claimed = [...world.pending.values()].filter(({ leasedUntil }) => leasedUntil > startAt);
  expect(claimed).toHaveLength(maxHeld);
  while (world.recorded.length < total) {
    for (const gate of gates.splice(0)) gate();
    await settle();
  }
  expect(new Set(world.recorded.map(({ tag }) => tag)).size).toBe(total);
});

test('what a stop or a crash interrupts stays pending, and the next start completes it', async () => {
  let isUp = false;
  const world = makeWorld(() => (isUp ? found : new Promise<HeadAnswer>(() => {})));
  start(world);
  world.defer(observed('1'));
  world.completion.wake();
  await settle();
  await world.completion.close();
  await world.completion.close();
  expect([world.recorded.length, world.pending.size]).toEqual([0, 1]);
  isUp = true;
  world.clock.advance(leaseMs);
  start(world, world.make());
  await settle();
  expect([world.recorded.length, world.pending.size]).toEqual([1, 0]);
});

test('a ledger that cannot record loses nothing: the lease runs out and it is tried again', async () => {
  const world = makeWorld(() => found);
  world.setLedger(false);
  start(world);
  world.defer(observed('1'));
  world.completion.wake();
  await settle();
  expect(world.pending.size).toBe(1);
  world.setLedger(true);
  for (let waited = 0; waited <= leaseMs; waited += 5_000) {
    world.clock.advance(5_000);
    await settle();
  }
  expect([world.recorded.length, world.pending.size]).toEqual([1, 0]);
});
