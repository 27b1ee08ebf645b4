/**
 * Pushes, late deliveries and polls under clocks that do what they like, against a registry that knows the truth.
 *
 * One registry moves one tag along; each push has a number, and its digest is the number's. Senders deliver pushes
 * late and in any order, a poller looks; clocks step. After the registry has been quiet, and all was delivered:
 * - no acknowledged push is dropped: the tag is at the newest push that was delivered or looked at;
 * - no late delivery flips the tag back: the numbers that subscribers hear only rise.
 * A sender whose clock is ahead of ours is not polled here: its time cannot be held against a look's.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Observation } from '../../src/event/observation.ts';
import { digestOf, tagSeen } from '../support/ledger-samples.ts';
import { minuteMs, t, type World } from './ledger-world.ts';

const hourMs = 60 * minuteMs;
const yearMs = 365 * 24 * hourMs;

/** How a sender's clock stands to true time; `none`: it gives no time. */
const senders = {
  right: 0,
  behind: -3 * minuteMs,
  ahead: 4 * minuteMs,
  'ten years ahead': 10 * yearMs,
} as const;
type Sender = keyof typeof senders;

type Act =
  | { readonly do: 'push'; readonly afterMs: number }
  /** Delivers one of the pushes that wait, by place. */
  | { readonly do: 'deliver'; readonly place: number }
  | { readonly do: 'look'; readonly takesMs: number }
  | { readonly do: 'step'; readonly byMs: number }
  | { readonly do: 'restart' };

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('push' as const), afterMs: fc.integer({ min: 1, max: 90_000 }) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('deliver' as const), place: fc.nat(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('look' as const), takesMs: fc.integer({ min: 1, max: 3_000 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('step' as const),
      byMs: fc.oneof(
        fc.constantFrom(-hourMs, hourMs, -5 * hourMs, 5 * hourMs, 10 * yearMs, -10 * yearMs),
        fc.integer({ min: -10 * minuteMs, max: 10 * minuteMs }),
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);

const history = fc.record({
  sender: fc.constantFrom<Sender>('right', 'behind', 'ahead', 'ten years ahead'),
  polls: fc.boolean(),
  acts: fc.array(act, { maxLength: 40 }),
});

interface Push {
  readonly number: number;
  /** True time, ms. */
  readonly at: number;
}

/** A registry, its sender and its poller around the ledger. */
class Scene {
  readonly #world: World;
  readonly #sender: Sender;
  /** True time, ms: what no clock shows. */
  #time = t;
  #number = 0;
  #waiting: Push[] = [];
  /** Numbers that subscribers heard of. */
  readonly heard: number[] = [];
  newestTold = 0;

  constructor(world: World, sender: Sender) {
    this.#world = world;
    this.#sender = sender;
  }

  get isDelivered(): boolean {
    return this.#waiting.length === 0;
  }

  async run(act: Act, polls: boolean, survives: boolean): Promise<void> {
    switch (act.do) {
      case 'push':
        this.#pass(act.afterMs);
        this.#number += 1;
        this.#waiting.push({ number: this.#number, at: this.#time });
        // A delivery comes within ten minutes, or the sender's time could not be told from a mended clock's.
        this.#waiting = this.#waiting.slice(-4);
        return;
      case 'deliver':
        return this.#deliver(act.place);
      case 'look':
        return polls ? this.look(act.takesMs) : undefined;
      case 'step':
        this.#world.clock.setWall(this.#world.clock.now() + act.byMs);
        return;
      case 'restart':
        if (survives) await this.#world.reopen();
    }
  }

  async #deliver(place: number): Promise<void> {
    const [push] = this.#waiting.splice(Math.min(place, this.#waiting.length - 1), 1);
    if (push === undefined) return;
    this.#pass(50);
    const saidAt = push.at + senders[this.#sender];
    this.newestTold = Math.max(this.newestTold, push.number);
    await this.#record([tagSeen('a', `push ${push.number}`, saidAt)]);
    await this.#complete();
  }

  async deliverAll(): Promise<void> {
    while (!this.isDelivered) await this.#deliver(this.#waiting.length - 1);
  }

  /** The poller asks, and the answer takes its time. */
  async look(takesMs: number): Promise<void> {
    if (this.#number === 0) return;
    const number = this.#number;
    this.#pass(takesMs);
    this.newestTold = Math.max(this.newestTold, number);
    await this.#record([{ ...this.#seen(number), origin: 'poll', looked: true, ageMs: takesMs }]);
  }

  /** What the completion does with what waits for a look. */
  async #complete(): Promise<void> {
    for (const { id, observation } of await this.#world.ledger.claimPending(10, minuteMs)) {
      const number = this.#number;
      this.#pass(20);
      this.newestTold = Math.max(this.newestTold, number);
      const { keptAt = 0 } = observation;
      await this.#record([{ ...this.#seen(number), keptAt, looked: true, ageMs: 20 }], [id]);
    }
  }

  #seen(number: number) {
    const { saidAt: _, ...seen } = tagSeen('a', `push ${number}`, 0);
    return seen;
  }

  async #record(observations: readonly Observation[], settles: readonly string[] = []): Promise<void> {
    const { changes } = await this.#world.ledger.record(observations, settles);
    for (const { digest } of changes) this.heard.push(this.#numberOf(digest));
  }

  #numberOf(digest: string | null): number {
    for (let number = 1; number <= this.#number; number += 1)
      if (digestOf(`push ${number}`) === digest) return number;
    throw new Error(`find push of ${digest}: there must be one`);
  }

  async tagNow(): Promise<number> {
    const { tags } = await this.#world.ledger.listTags({ limit: 1 });
    return tags[0] === undefined ? 0 : this.#numberOf(tags[0].digest);
  }

  #pass(ms: number): void {
    this.#time += ms;
    this.#world.clock.advance(ms);
  }
}

export function clockModelContract(world: World, survives: boolean): void {
  describe('under clocks that do what they like', () => {
    test('no acknowledged push is dropped, and no late delivery flips a tag back', {
      timeout: 120_000,
    }, async () => {
      await fc.assert(
        fc.asyncProperty(history, async ({ sender, polls, acts }) => {
          await world.begin();
          const scene = new Scene(world, sender);
          for (const one of acts)
            await scene.run(one, polls && sender !== 'ten years ahead' && sender !== 'ahead', survives);
          await scene.deliverAll();
          expect(await scene.tagNow()).toBe(scene.newestTold);
          expect(scene.heard).toEqual([...scene.heard].sort((a, b) => a - b));
        }),
        { numRuns: survives ? 30 : 1_000 },
      );
    });
  });
}
