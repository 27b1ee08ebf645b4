/**
 * Gateways that claim, renew, save, release and die under clocks that step, against a model of what must be:
 * - two gateways never hold one target at a time, and each claim has a higher fence than all before it;
 * - a save counts exactly if its fence is the newest, and then the row says what it said;
 * - what is wanted of a target is what was wished, and `goTo` is taken once;
 * - in the end, every target can be claimed.
 * Where a clock stepped, a lease may have ended early by the ledger's own clock: then either answer to a claim is right.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newWish, type TargetCursor, type TargetWish } from '../../src/ledger/cursors.ts';
import { tagSeen } from '../support/ledger-samples.ts';
import type { World } from './ledger-world.ts';

const leaseMs = 10_000;
const hourMs = 3_600_000;
const targets = ['a', 'b', 'c'] as const;
const gateways = ['g1', 'g2', 'g3'] as const;

type Target = (typeof targets)[number];
type Gateway = (typeof gateways)[number];

type Act =
  | { readonly do: 'claim'; readonly by: Gateway; readonly of: readonly Target[] }
  | { readonly do: 'renew' | 'release' | 'die'; readonly by: Gateway }
  /** Each gateway in the list saves what it believes to hold, all in one call. */
  | {
      readonly do: 'save';
      readonly by: readonly Gateway[];
      readonly sequence: number;
      readonly takes: boolean;
    }
  | { readonly do: 'wish'; readonly of: Target; readonly paused: boolean; readonly goTo: boolean }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'step'; readonly byMs: number }
  | { readonly do: 'record' | 'reopen' };

const by = fc.constantFrom(...gateways);
const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('claim' as const), by, of: fc.subarray([...targets]) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constantFrom('renew' as const, 'release' as const, 'die' as const), by }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('save' as const),
      by: fc.subarray([...gateways]),
      sequence: fc.nat(1_000),
      takes: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('wish' as const),
      of: fc.constantFrom(...targets),
      paused: fc.boolean(),
      goTo: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 6_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('step' as const),
      byMs: fc.oneof(fc.constantFrom(-hourMs, hourMs), fc.integer({ min: -20_000, max: 20_000 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('record' as const, 'reopen' as const) }) },
);

interface Known {
  fence: number;
  cursor: TargetCursor;
  wish: TargetWish;
  holder: Gateway | null;
  /** By the fake clock's monotonic time, ms. */
  until: number;
  /** A clock stepped, or the ledger was opened again, since the lease was given: it may have ended. */
  isUncertain: boolean;
}

/** What must be, beside the ledger that is asked. */
class Model {
  readonly #world: World;
  readonly #known = new Map<Target, Known>();
  /** What each gateway believes to hold. */
  readonly #held = new Map<Gateway, Map<Target, number>>(gateways.map((name) => [name, new Map()]));
  #head = 0;

  constructor(world: World) {
    this.#world = world;
  }

  get #now(): number {
    return this.#world.clock.monotonic();
  }

  get #cursors() {
    return this.#world.ledger.cursors;
  }

  #heldBy(gateway: Gateway): Map<Target, number> {
    return this.#held.get(gateway) ?? new Map();
  }

  #leasesOf(gateway: Gateway) {
    return [...this.#heldBy(gateway)].map(([name, fence]) => ({ name, fence }));
  }

  async run(act: Act, survives: boolean): Promise<void> {
    switch (act.do) {
      case 'claim':
        return this.#claim(act.by, act.of);
      case 'renew':
        return this.#renew(act.by);
      case 'release':
        return this.#release(act.by);
      case 'die':
        return this.#heldBy(act.by).clear();
      case 'save':
        return this.#save(act);
      case 'wish':
        return this.#wish(act);
      case 'pass':
        this.#world.clock.advance(act.ms);
        return this.#world.ledger.check();
      case 'step':
        this.#world.clock.setWall(this.#world.clock.now() + act.byMs);
        this.#doubt();
        return this.#world.ledger.check();
      case 'record':
        this.#head += 1;
        await this.#world.record(tagSeen(`t${this.#head}`, 'one', 0));
        return;
      case 'reopen':
        if (!survives) return;
        await this.#world.reopen();
        this.#doubt();
    }
  }

  #doubt(): void {
    for (const known of this.#known.values()) known.isUncertain = true;
  }

  async #claim(gateway: Gateway, names: readonly Target[]): Promise<void> {
    const given = await this.#cursors.claimTargets(names, gateway, leaseMs);
    for (const name of names) {
      const held = given.find((one) => one.name === name);
      const known = this.#known.get(name);
      const isFree = known === undefined || known.holder === null || known.holder === gateway;
      if (known !== undefined && !isFree && !known.isUncertain)
        expect(held !== undefined, `${name}: held until ${known.until}, now ${this.#now}`).toBe(
          known.until <= this.#now,
        );
      if (isFree) expect(held).toBeDefined();
      if (held === undefined) continue;
      const { epoch } = await this.#world.ledger.bounds();
      const { cursor, wish, fence } = known ?? {
        cursor: { epoch, low: this.#head, done: [] },
        wish: newWish,
        fence: 0,
      };
      expect(held).toMatchObject({ cursor, wish, isNew: known === undefined });
      expect(held.fence).toBeGreaterThan(fence);
      const until = this.#now + leaseMs;
      this.#known.set(name, { fence: held.fence, cursor, wish, holder: gateway, until, isUncertain: false });
      this.#heldBy(gateway).set(name, held.fence);
    }
  }

  async #renew(gateway: Gateway): Promise<void> {
    const leases = this.#leasesOf(gateway);
    const renewed = await this.#cursors.renewTargets(leases, leaseMs);
    for (const { name, fence } of leases) {
      const known = this.#known.get(name);
      const one = renewed.find((each) => each.name === name);
      if (known === undefined || known.fence !== fence || known.holder === null) expect(one).toBeUndefined();
      // After opening again, a ledger of one process has no leases.
      else if (!known.isUncertain) expect(one).toEqual({ name, wish: known.wish });
      if (one === undefined) this.#heldBy(gateway).delete(name);
      else if (known !== undefined) Object.assign(known, { until: this.#now + leaseMs, isUncertain: false });
    }
  }

  async #release(gateway: Gateway): Promise<void> {
    const leases = this.#leasesOf(gateway);
    await this.#cursors.releaseTargets(leases);
    for (const { name, fence } of leases) {
      const known = this.#known.get(name);
      if (known?.fence === fence) known.holder = null;
    }
    this.#heldBy(gateway).clear();
  }

  async #save({ by: savers, sequence, takes }: Extract<Act, { do: 'save' }>): Promise<void> {
    const { epoch } = await this.#world.ledger.bounds();
    const moves = savers.flatMap((gateway, i) =>
      this.#leasesOf(gateway).map((lease) => {
        const low = sequence + i;
        const goTo = this.#known.get(lease.name)?.wish.goTo;
        const took = takes && goTo ? { took: goTo.number } : {};
        return { ...lease, cursor: { epoch, low, done: [low + 1, low + 3 + i] }, ...took };
      }),
    );
    const saved = await this.#cursors.saveCursors(moves);
    expect(saved).toHaveLength(moves.length);
    moves.forEach((move, i) => {
      const known = this.#known.get(move.name);
      expect(saved[i]).toBe(known?.fence === move.fence);
      if (known === undefined || known.fence !== move.fence) return;
      known.cursor = move.cursor;
      if ('took' in move) known.wish = { ...known.wish, goTo: null };
    });
  }

  async #wish({ of, paused, goTo }: Extract<Act, { do: 'wish' }>): Promise<void> {
    const to = { epoch: 'abc', sequence: this.#head };
    const row = await this.#cursors.wishTarget(of, { paused, ...(goTo && { goTo: to }) });
    const known = this.#known.get(of);
    if (known === undefined) return expect(row).toBeNull();
    const number = known.wish.number + 1;
    known.wish = { ...known.wish, paused, number, ...(goTo && { goTo: { ...to, number } }) };
    expect(row?.wish).toEqual(known.wish);
  }

  async check(): Promise<void> {
    const rows = await this.#cursors.listTargets();
    expect(rows.map(({ name, cursor, wish }) => [name, cursor, wish])).toEqual(
      [...this.#known]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { cursor, wish }]) => [name, cursor, wish]),
    );
    for (const { name, holder, heldForMs } of rows) {
      const known = this.#known.get(name as Target);
      if (known === undefined || known.isUncertain) continue;
      const isHeld = known.holder !== null && known.until > this.#now;
      expect([holder, heldForMs]).toEqual(isHeld ? [known.holder, known.until - this.#now] : [null, 0]);
    }
  }

  /** After a while in which nobody renews, whoever comes gets everything. */
  async end(): Promise<void> {
    for (let step = 0; step < 5; step += 1) {
      this.#world.clock.advance(3_000);
      await this.#world.ledger.check();
    }
    const given = await this.#cursors.claimTargets(targets, 'last', leaseMs);
    expect(given.map(({ name }) => name)).toEqual(targets);
    for (const { name, fence } of given)
      expect(fence).toBeGreaterThan(this.#known.get(name as Target)?.fence ?? 0);
  }
}

export function cursorModelContract(world: World, survives: boolean): void {
  describe('gateways that come and go', () => {
    test('hold a target one at a time, and the newest fence alone writes', { timeout: 120_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(acts, { maxLength: 40 }), async (story) => {
          await world.begin();
          const model = new Model(world);
          for (const act of story) {
            await model.run(act, survives);
            await model.check();
          }
          await model.end();
        }),
        { numRuns: survives ? 15 : 1_000 },
      );
    });
  });
}
