/** Subscribers that filter by platform, against a model: they get exactly the moves of their platforms. */
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { TagObserved } from '../../../src/event/observation.ts';
import type { Platforms } from '../../../src/event/platform.ts';
import { type Member, type MemberOptions, openWorld, type World } from '../../support/hub-world.ts';
import { digestOf } from '../../support/ledger-samples.ts';

const registry = 'registry.example.com';
const repository = 'team/app';
const cpus = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'] as const;

/** What one platform of an index is: a number for its manifest; null: the index does not have it. */
type Index = readonly (number | null)[];
/** A push of an index; `isKnown` false: its platforms could not be learned. Or the end of the tag. */
type Step = { readonly tag: string; readonly index: Index | null; readonly isKnown: boolean };

let world: World | null = null;
afterEach(() => {
  world?.hub.close();
  world = null;
});

const platformsOf = (index: Index): Platforms =>
  Object.fromEntries(
    cpus.flatMap((cpu, n) => {
      const at = index[n] ?? null;
      return at === null ? [] : [[cpu, digestOf(`${cpu} ${at}`)]];
    }),
  );
const digestOfIndex = (index: Index) => digestOf(JSON.stringify(index));

/** Pushes steps into the ledger as turns complete them, and says which sequences each platform moved at. */
class Pushes {
  readonly #tags = new Map<string, Index>();
  readonly #world: World;
  /** By sequence: the platforms that it concerns; null: all. */
  readonly moves = new Map<number, { readonly tag: string; readonly of: ReadonlySet<string> | null }>();

  constructor(opened: World) {
    this.#world = opened;
  }

  async push({ tag, index, isKnown }: Step): Promise<void> {
    const before = this.#tags.get(tag) ?? null;
    const about = { registry, repository, tag, origin: 'test' } as const;
    const next = this.#world.changes.length;
    if (index === null) {
      this.#tags.delete(tag);
      await this.#world.ledger.record([{ kind: 'tag-gone', ...about }]);
      this.#note(next, tag, null);
      return;
    }
    this.#tags.set(tag, index);
    const seen: TagObserved = {
      ...{ kind: 'tag', ...about, digest: digestOfIndex(index), mediaType: null, size: null },
      ...{ awaits: 'platforms', waited: true },
      platforms: {
        platforms: isKnown ? platformsOf(index) : null,
        ...(before !== null && { before: { digest: digestOfIndex(before), platforms: platformsOf(before) } }),
      },
    };
    await this.#world.ledger.record([seen]);
    const moved = cpus.filter((_, n) => (before?.[n] ?? null) !== (index[n] ?? null));
    this.#note(next, tag, before === null || !isKnown ? null : new Set(moved));
  }

  #note(from: number, tag: string, of: ReadonlySet<string> | null): void {
    for (const { sequence } of this.#world.changes.slice(from)) this.moves.set(sequence, { tag, of });
  }

  /** The sequences that a subscriber of this platform must get, after `from`. */
  wantedBy(platform: string, from = 0): readonly number[] {
    return [...this.moves]
      .filter(([sequence, { of }]) => sequence > from && (of === null || of.has(platform)))
      .map(([sequence]) => sequence);
  }
}

const heard = ({ sink }: Member) => sink.heard.flatMap((one) => (one.kind === 'change' ? one.sequence : []));

const index = fc.array(fc.option(fc.integer({ min: 0, max: 2 }), { freq: 6 }), {
  minLength: 3,
  maxLength: 3,
});
const step: fc.Arbitrary<Step> = fc.record({
  tag: fc.constantFrom('a', 'b'),
  index: fc.option(index, { freq: 8 }),
  isKnown: fc.integer({ min: 0, max: 5 }).map((n) => n > 0),
});
const steps = fc.array(step, { minLength: 1, maxLength: 25 });
const platform = fc.constantFrom(...cpus);

async function open(
  options: Parameters<typeof openWorld>[0] = {},
): Promise<{ world: World; pushes: Pushes }> {
  world = await openWorld(options);
  return { world, pushes: new Pushes(world) };
}

const ofPlatform = (wanted: string, more: MemberOptions = {}): MemberOptions => ({
  platform: [wanted],
  ...more,
});

describe('a subscriber of a platform', () => {
  it('gets exactly the moves of it, live, in a replay, and when it resumes anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(steps, platform, fc.nat(30), fc.nat(30), async (all, wanted, late, resumeAt) => {
        const { world: here, pushes } = await open();
        const live = here.join(ofPlatform(wanted));
        const both = here.join({ platform: ['linux/amd64', 'linux/arm64'] });
        const plain = here.join();
        let joined: Member | null = null;
        for (const [n, one] of all.entries()) {
          if (n === late) joined = here.join(ofPlatform(wanted, { start: here.after(0) }));
          await pushes.push(one);
        }
        await here.settle();
        const head = here.changes.length;
        const from = Math.min(resumeAt, head);
        const resumed = here.join(ofPlatform(wanted, { start: here.after(from) }));
        await here.settle();
        expect(heard(live)).toEqual(pushes.wantedBy(wanted));
        expect(heard(resumed)).toEqual(pushes.wantedBy(wanted, from));
        if (joined !== null) expect(heard(joined)).toEqual(pushes.wantedBy(wanted));
        expect(heard(plain)).toEqual(here.changes.map(({ sequence }) => sequence));
        const either = new Set([...pushes.wantedBy('linux/amd64'), ...pushes.wantedBy('linux/arm64')]);
        expect(heard(both)).toEqual([...either].sort((a, b) => a - b));
        here.hub.close();
      }),
      { numRuns: 60 },
    );
  });

  it('with conflation misses no move: what it got last of a tag is as new as the last move', async () => {
    await fc.assert(
      fc.asyncProperty(steps, platform, fc.boolean(), fc.nat(30), async (all, wanted, isHeld, resumeAt) => {
        // Few deliveries a second, and others that wait too: nearly everything is held back.
        const pace = isHeld ? { deliveriesPerSecond: 20, burst: 0 } : {};
        const { world: here, pushes } = await open({ pace });
        const one = here.join(ofPlatform(wanted, { paced: true, conflate: true }));
        const others = [here.join({ paced: true }), here.join({ paced: true })];
        for (const each of all) {
          await pushes.push(each);
          if (each.tag === 'b') await here.pass(100, 50);
        }
        await here.pass(10_000, 50);
        const from = Math.min(resumeAt, here.changes.length);
        const resumed = here.join(
          ofPlatform(wanted, { paced: true, conflate: true, start: here.after(from) }),
        );
        await here.pass(10_000, 50);
        for (const [member, since] of [
          [one, 0],
          [resumed, from],
        ] as const) {
          const got = heard(member);
          expect(got).toEqual([...new Set(got)]);
          for (const tag of ['a', 'b']) {
            const ofTag = (sequence: number) => pushes.moves.get(sequence)?.tag === tag;
            const moves = pushes.wantedBy(wanted, since).filter(ofTag);
            const last = got.filter(ofTag).at(-1) ?? 0;
            expect(last).toBeGreaterThanOrEqual(moves.at(-1) ?? 0);
            // Nothing comes that neither moves the platform nor stands for something that does.
            for (const sequence of got.filter(ofTag)) {
              const before = Math.max(since, ...got.filter((each) => ofTag(each) && each < sequence));
              expect(moves.some((each) => each > before && each <= sequence)).toBe(true);
            }
          }
        }
        for (const other of others) expect(heard(other)).toHaveLength(here.changes.length);
        here.hub.close();
      }),
      { numRuns: 40 },
    );
  });

  it('gets a change that does not match in place of a held-back one that did', async () => {
    const { world: here, pushes } = await open({ pace: { deliveriesPerSecond: 20, burst: 0 } });
    await pushes.push({ tag: 'a', index: [0, 0, 0], isKnown: true });
    const conflating = here.join(ofPlatform('linux/amd64', { paced: true, conflate: true }));
    const others = Array.from({ length: 20 }, () => here.join({ paced: true }));
    await here.settle();
    await pushes.push({ tag: 'a', index: [1, 0, 0], isKnown: true });
    await pushes.push({ tag: 'a', index: [1, 1, 0], isKnown: true });
    await here.pass(10_000, 50);
    expect(heard(conflating)).toHaveLength(1);
    expect(heard(others[0] ?? conflating)).toEqual([2, 3]);
    expect(heard(conflating)).toEqual([3]);
  });
});
