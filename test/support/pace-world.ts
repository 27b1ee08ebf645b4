/** Hubs in virtual time whose subscribers note when each change arrived. The tests of the pace share it. */
import { type Member, openWorld, type World, type WorldOptions } from './hub-world.ts';

export const binMs = 100;

/** Records when changes arrived at whom, in ms since it began to watch. */
export class Watch {
  readonly times: number[] = [];
  readonly bySequence = new Map<number, number[]>();
  readonly #world: World;
  #since: number;

  constructor(world: World) {
    this.#world = world;
    this.#since = world.clock.monotonic();
  }

  begin(): void {
    this.#since = this.#world.clock.monotonic();
    this.times.length = 0;
    this.bySequence.clear();
  }

  on({ sink }: Member): void {
    sink.onHeard = (heard) => {
      if (heard.kind !== 'change') return;
      const at = this.#world.clock.monotonic() - this.#since;
      this.times.push(at);
      const times = this.bySequence.get(heard.sequence);
      if (times === undefined) this.bySequence.set(heard.sequence, [at]);
      else times.push(at);
    };
  }

  of(sequence: number): number[] {
    return this.bySequence.get(sequence) ?? [];
  }
}

export function bins(times: readonly number[]): number[] {
  const counts: number[] = [];
  for (const at of times) {
    const bin = Math.floor(at / binMs);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return Array.from(counts, (count) => count ?? 0);
}

const worlds: World[] = [];
export async function open(options: WorldOptions): Promise<World> {
  const world = await openWorld(options);
  worlds.push(world);
  return world;
}
export function closeWorlds(): void {
  for (const world of worlds.splice(0)) world.hub.close();
}

export function crowd(world: World, count: number, watch: Watch, repository = 'team/a'): Member[] {
  return Array.from({ length: count }, () => {
    const member = world.join({ repository: [repository], paced: true });
    watch.on(member);
    return member;
  });
}

export const pace = { deliveriesPerSecond: 1_000, burst: 100, maxWindowMs: 600_000 };
