// @needs redis-server
/** Whatever the channel loses, repeats or reorders, listeners hear each change once and in order. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Change } from '../../../../src/event/change.ts';
import type { TailEvent } from '../../../../src/ledger/ledger.ts';
import { RedisTail } from '../../../../src/ledger/redis/tail.ts';
import { noLog } from '../../../../src/lib/log.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { where } from '../../../support/ledger-samples.ts';
import { range } from '../../../support/redis-ledger.ts';

function changeAt(epoch: string, sequence: number): Change {
  const none = { digest: null, previousDigest: null, mediaType: null, size: null };
  const times = { occurredAt: sequence, recordedAt: sequence };
  return { epoch, sequence, type: 'tag.deleted', ...where, tag: 't', ...none, ...times, origin: 'poll' };
}

/** A stream that grows, and a tail over it. */
function rig(start = 0) {
  const clock = fakeClock();
  const stream = { epoch: 'e1', floor: 0, head: start, began: 0, reason: 'because', now: 0, isAway: false };
  const holes = { count: 0, silences: 0, strays: 0 };
  const standing = async () => {
    if (stream.isAway) throw new Error('away');
    return { ...stream };
  };
  const read = async (after: number, limit: number) => {
    if (stream.isAway) throw new Error('away');
    const next = Math.min(stream.head, after + limit);
    const changes = range(after + 1, next).map((sequence) => changeAt(stream.epoch, sequence));
    return { changes, next, atHead: next === stream.head };
  };
  const tail = new RedisTail(
    { ...stream },
    {
      ...{ read, standing, clock, log: noLog },
      onStray: () => {
        holes.strays += 1;
      },
      onHole: () => {
        holes.count += 1;
      },
      onSilence: () => {
        holes.silences += 1;
      },
    },
  );
  const heard: number[] = [];
  const resets: (TailEvent & { kind: 'reset' })[] = [];
  tail.listen((event) => {
    if (event.kind === 'changes') heard.push(...event.changes.map(({ sequence }) => sequence));
    else resets.push(event);
  });
  const message = (first: number, count: number, withChanges = true) => {
    const changes = () => range(first, first + count - 1).map((sequence) => changeAt(stream.epoch, sequence));
    tail.announce({ epoch: stream.epoch, first, count, read: withChanges ? changes : null });
  };
  /** Lets reads end and patience run out. */
  const settle = async () => {
    for (let i = 0; i < 5; i += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(100);
    }
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, stream, holes, tail, heard, resets, message, settle };
}

test('RedisTail delivers what the channel brings without reading the stream', async () => {
  const { stream, holes, heard, message, settle } = rig(5);
  stream.head = 9;
  message(6, 2);
  message(8, 2);
  await settle();
  expect(heard).toEqual([6, 7, 8, 9]);
  expect(holes.count).toBe(0);
});

test('RedisTail reads a hole from the stream at once, and a list that was too long to publish', async () => {
  const { stream, holes, heard, message, settle } = rig();
  stream.head = 7;
  message(3, 1);
  await settle();
  stream.head = 2_500;
  message(8, 2_493, false);
  await settle();
  expect(heard).toEqual(range(1, 2_500));
  expect(holes.count).toBe(2);
});

test('RedisTail waits a moment when its own commit overtakes the channel', async () => {
  const { stream, tail, holes, heard, message, settle } = rig();
  stream.head = 3;
  tail.committed('e1', [changeAt('e1', 3)]);
  message(1, 2);
  message(3, 1);
  await settle();
  expect(heard).toEqual([1, 2, 3]);
  expect(holes.count).toBe(0);
  stream.head = 5;
  tail.committed('e1', [changeAt('e1', 5)]);
  await settle();
  expect(heard).toEqual([1, 2, 3, 4, 5]);
  expect(holes.count).toBe(1);
});

test('RedisTail finds by asking what a silent channel kept', async () => {
  const { stream, tail, heard, settle } = rig();
  stream.head = 3;
  tail.stands({ ...stream });
  await settle();
  expect(heard).toEqual([1, 2, 3]);
});

test('RedisTail has the channel renewed when it keeps silent again and again', async () => {
  const { stream, tail, holes, heard, message, settle } = rig();
  for (let turn = 1; turn <= 4; turn += 1) {
    stream.head += 1;
    tail.stands({ ...stream });
    await settle();
  }
  expect(holes.silences).toBe(1);
  stream.head += 1;
  message(5, 1);
  stream.head += 1;
  tail.stands({ ...stream });
  await settle();
  expect(holes.silences).toBe(1);
  expect(heard).toEqual([1, 2, 3, 4, 5, 6]);
});

test('RedisTail takes from the stream what it cannot read from the channel', async () => {
  const { stream, tail, heard, settle } = rig();
  stream.head = 2;
  const unreadable = () => {
    throw new Error('no JSON');
  };
  tail.announce({ epoch: 'e1', first: 1, count: 2, read: unreadable });
  await settle();
  expect(heard).toEqual([1, 2]);
});

test('RedisTail goes on by itself after the stream could not be read', async () => {
  const { stream, tail, heard, message, settle } = rig();
  stream.head = 4;
  stream.isAway = true;
  message(4, 1);
  await settle();
  expect(heard).toEqual([]);
  stream.isAway = false;
  tail.stands({ ...stream });
  await settle();
  expect(heard).toEqual([1, 2, 3, 4]);
});

test('RedisTail tells reset once, and then all changes of the new epoch', async () => {
  const { stream, tail, heard, resets, message, settle } = rig(10);
  Object.assign(stream, { epoch: 'e2', began: 8, head: 12 });
  message(11, 2);
  message(11, 2);
  tail.stands({ ...stream });
  tail.committed('e2', [changeAt('e2', 12)]);
  await settle();
  expect(resets.map(({ bounds, reason }) => [bounds, reason])).toEqual([
    [{ epoch: 'e2', floor: 0, head: 8 }, 'because'],
  ]);
  expect(heard).toEqual([9, 10, 11, 12]);
});

test('RedisTail tells reset where retention dropped what it had not read yet', async () => {
  const { stream, tail, heard, resets, settle } = rig();
  Object.assign(stream, { floor: 50, head: 52 });
  tail.stands({ ...stream });
  await settle();
  expect(resets.map(({ bounds }) => bounds)).toMatchObject([{ epoch: 'e1', floor: 50, head: 50 }]);
  expect(heard).toEqual([51, 52]);
});

test('RedisTail starts each listener at the head that was known when it came', async () => {
  const { stream, tail, message, settle } = rig();
  stream.head = 4;
  tail.committed('e1', [changeAt('e1', 2)]);
  const late: number[] = [];
  const stop = tail.listen((event) => {
    if (event.kind === 'changes') late.push(...event.changes.map(({ sequence }) => sequence));
  });
  message(1, 4);
  await settle();
  expect(late).toEqual([3, 4]);
  stop();
  stream.head = 5;
  message(5, 1);
  expect(late).toEqual([3, 4]);
});

test('RedisTail is dense and in order whatever is lost, repeated or reordered', async () => {
  const news = fc.record({
    count: fc.integer({ min: 1, max: 4 }),
    fate: fc.constantFrom('told', 'told', 'lost', 'twice', 'by our own commit', 'only that it is'),
    pause: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(news, { maxLength: 25 }), async (all) => {
      const { stream, tail, heard, message, settle } = rig();
      for (const { count, fate, pause } of all) {
        const first = stream.head + 1;
        stream.head += count;
        if (fate === 'told' || fate === 'twice') message(first, count);
        if (fate === 'twice') message(first, count);
        if (fate === 'only that it is') message(first, count, false);
        if (fate === 'by our own commit')
          tail.committed(
            'e1',
            range(first, stream.head).map((sequence) => changeAt('e1', sequence)),
          );
        if (pause) await settle();
      }
      tail.stands({ ...stream });
      await settle();
      expect(heard).toEqual(range(1, stream.head));
      tail.close();
    }),
    { numRuns: 60 },
  );
});
