import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/event/change.ts';
import { ChangeQueue } from '../../../src/fanout/queue.ts';

function changeAt(sequence: number, epoch = 'e1'): Change {
  return {
    ...{ epoch, sequence, type: 'tag.updated', registry: 'r.test', repository: 'a/b', tag: 'latest' },
    ...{ digest: null, previousDigest: null, mediaType: null, size: null },
    ...{ occurredAt: 0, recordedAt: 0, origin: 'test' },
  };
}
const changes = (...sequences: number[]) => sequences.map((sequence) => changeAt(sequence));
const open = (head = 0, max = 3) => new ChangeQueue({ epoch: 'e1', head, floor: 0 }, max);

describe('the queue of changes', () => {
  it('gives each change once, in order', () => {
    const queue = open(4);
    expect(queue.push(changes(3, 4, 5, 6), 0)).toBe(true);
    expect(queue.push(changes(6, 7), 0)).toBe(true);
    expect([1, 2, 3, 4].map(() => queue.take()?.sequence)).toEqual([5, 6, 7, undefined]);
  });

  it('skips what waits at a hole, and goes on behind it', () => {
    const queue = open();
    expect(queue.push(changes(1, 2, 4, 5), 0)).toBe(false);
    expect(queue.head).toBe(4);
    expect([1, 2].map(() => queue.take()?.sequence)).toEqual([5, undefined]);
    expect(queue.drops).toBe(1);
  });

  it('skips what waits when it is more than may wait', () => {
    const queue = open();
    expect(queue.push(changes(1, 2, 3), 0)).toBe(true);
    expect(queue.push(changes(4), 0)).toBe(false);
    expect([queue.head, queue.settled]).toEqual([4, 0]);
    expect(queue.take()).toBeUndefined();
    expect(queue.settled).toBe(4);
  });

  it('keeps nothing of what was taken, though it is never empty', () => {
    const queue = open();
    queue.push(changes(1), 0);
    for (let sequence = 2; sequence < 1_000; sequence++) {
      expect(queue.push(changes(sequence), 0)).toBe(true);
      expect(queue.take()?.sequence).toBe(sequence - 1);
    }
  });

  it('takes no notice of a change of an epoch that is over', () => {
    const queue = open();
    queue.push(changes(1), 0);
    const frame = queue.take();
    queue.restart({ epoch: 'e2', head: 0, floor: 0 });
    if (frame === undefined) throw new Error('there was a change');
    queue.begin(frame);
    queue.settle(frame);
    expect([queue.epoch, queue.head, queue.settled]).toEqual(['e2', 0, 0]);
  });
});
