import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../../src/event/change.ts';
import { Frame } from '../../../../src/fanout/frame.ts';
import { HeldChange } from '../../../../src/fanout/pace/held-change.ts';
import { paceRules } from '../../../../src/fanout/pace/rules.ts';
import { slotHash } from '../../../../src/fanout/pace/slots.ts';
import { Group, Subscriber } from '../../../../src/fanout/subscriber.ts';
import { FakeSink } from '../../../support/fake-sink.ts';
import { everything, filterOf, unhurried } from '../../../support/hub-world.ts';

const sequence = 7;
const change: Change = {
  ...{ epoch: 'e1', sequence, type: 'tag.updated', registry: 'r.test', repository: 'a/b', tag: 'latest' },
  ...{ digest: null, previousDigest: null, mediaType: null, size: null },
  ...{ occurredAt: 0, recordedAt: 0, origin: 'test' },
};
const rule = paceRules(unhurried)('r.test/a/b');

function held(count: number, others: readonly number[] = []) {
  const group = new Group(filterOf(), everything);
  const subscribers = Array.from({ length: count }, (_, index) => {
    const options = { sink: new FakeSink(), grant: everything, paced: true, conflate: false };
    const subscriber = new Subscriber(index + 1, options, 0);
    subscriber.state = 'live';
    return subscriber;
  });
  // Not in the order of their numbers: groups are joined in any order.
  for (const subscriber of subscribers.toReversed()) group.paced.add(subscriber);
  const countsOf = (own: number) => ({ node: 0, counts: [own, ...others] });
  const matched = { groups: [group], paced: count, pacedOfRepository: count };
  const frame = new Frame(change);
  return { held: new HeldChange({ frame, matched, rule, countsOf, heldAt: 0 }), subscribers };
}

function takeAll(change: HeldChange): number[] {
  const numbers: number[] = [];
  for (let next = change.take(); next !== null; next = change.take()) numbers.push(next.number);
  return numbers;
}

describe('a held-back change', () => {
  it('serves those whose slots come together by number, which is how they lie in memory', () => {
    const { held: change } = held(500);
    change.start();
    change.progress = 499;
    expect(takeAll(change)).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
  });

  it('serves whose slots come one after the other in the order of the shuffle', () => {
    const { held: change } = held(200);
    change.start();
    const order: number[] = [];
    for (change.progress = 0; change.progress < 200; change.progress++) order.push(...takeAll(change));
    const hashes = order.map((number) => slotHash(sequence, number));
    expect(order).toHaveLength(200);
    expect(hashes).toEqual([...hashes].sort((a, b) => a - b));
  });

  it('serves the same subscribers by any moment, however its progress is cut into steps', () => {
    const steps = fc.array(fc.double({ min: 0.1, max: 60, noNaN: true }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(steps, fc.nat(50), (sizes, other) => {
        const [cut, whole] = [held(150, [other]).held, held(150, [other]).held];
        for (const each of [cut, whole]) each.start();
        const taken: number[] = [];
        for (const size of sizes) {
          cut.progress = Math.min(cut.total, cut.progress + size);
          taken.push(...takeAll(cut));
        }
        whole.progress = cut.progress;
        expect(takeAll(whole)).toEqual(taken.sort((a, b) => a - b));
        expect(cut.over).toBe(cut.progress >= cut.total);
      }),
    );
  });

  it('knows at any moment whose slot has passed, also in the middle of a step', () => {
    const { held: change, subscribers } = held(120);
    expect(subscribers.some((each) => change.passed(each))).toBe(false);
    change.start();
    const taken = new Set<Subscriber>();
    for (let progress = -1; progress < 120; progress += 30) {
      change.progress = progress;
      for (let next = change.take(); next !== null; next = change.take()) {
        taken.add(next);
        expect(subscribers.filter((each) => change.passed(each))).toEqual(
          subscribers.filter((each) => taken.has(each)),
        );
        expect(change.held).toBe(120 - taken.size);
      }
    }
    expect(taken.size).toBe(120);
  });

  it('gives no slot once it is dropped', () => {
    const { held: change } = held(10);
    change.start();
    change.progress = 5;
    expect(change.take()).not.toBeNull();
    change.drop();
    expect(change.take()).toBeNull();
    expect(change.held).toBe(0);
  });
});
