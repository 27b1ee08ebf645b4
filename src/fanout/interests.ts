/**
 * Bounds what subscriptions may ask for in all: a few connections with a hundred thousand different globs would
 * take the memory, and each distinct glob is judged at every change. Equal filters are held once and counted
 * once, whoever holds them; a subscription counts from the moment it is asked for, also while it replays.
 */
import { ManifeedError } from '../errors.ts';
import type { Filter } from '../event/filter.ts';

export interface InterestLimits {
  /** Globs and tag ranges of one connection's subscriptions together. Default 1,000. */
  readonly globsPerConnection: number;
  /** Distinct repository globs of all subscriptions. Default 20,000. */
  readonly globs: number;
  /** Entries of all distinct filters, see `Filter.entries`. Default 1,000,000. */
  readonly repositories: number;
}

export const defaultInterestLimits: InterestLimits = {
  globsPerConnection: 1_000,
  globs: 20_000,
  repositories: 1_000_000,
};

interface Held {
  readonly filter: Filter;
  holders: number;
}

export class Interests {
  readonly #limits: InterestLimits;
  readonly #held = new Map<string, Held>();
  /** How many of the held filters have each repository glob. */
  readonly #globs = new Map<string, number>();
  #entries = 0;

  constructor(limits: InterestLimits = defaultInterestLimits) {
    this.#limits = limits;
  }

  /** Distinct repository globs, and entries of all distinct filters. */
  get counts(): { readonly globs: number; readonly entries: number } {
    return { globs: this.#globs.size, entries: this.#entries };
  }

  /**
   * Counts a filter in until it is released; changes nothing where it throws.
   *
   * @param others the filters that the same connection already holds
   * @returns the filter to keep: an equal one, where somebody holds that
   * @throws SUBSCRIPTION_LIMIT for what this connection asks for, TOO_MANY_CONNECTIONS for what all do
   */
  hold(filter: Filter, others: readonly Filter[]): Filter {
    let globs = filter.globs;
    for (const other of others) globs += other.globs;
    const { globsPerConnection } = this.#limits;
    if (globs > globsPerConnection) {
      throw new ManifeedError(
        'SUBSCRIPTION_LIMIT',
        `subscribe: ${globs} globs and ranges: must be at most ${globsPerConnection} per connection`,
        { detail: { parameter: 'repository' } },
      );
    }
    const held = this.#held.get(filter.key);
    if (held !== undefined) {
      held.holders++;
      return held.filter;
    }
    this.#refuseTooMany(filter);
    this.#held.set(filter.key, { filter, holders: 1 });
    this.#entries += filter.entries;
    for (const glob of filter.patterns) this.#globs.set(glob, (this.#globs.get(glob) ?? 0) + 1);
    return filter;
  }

  /** What `hold` returned, or an equal one. */
  release(filter: Filter): void {
    const held = this.#held.get(filter.key);
    if (held === undefined || --held.holders > 0) return;
    this.#held.delete(filter.key);
    this.#entries -= filter.entries;
    for (const glob of filter.patterns) {
      const rest = (this.#globs.get(glob) ?? 1) - 1;
      if (rest === 0) this.#globs.delete(glob);
      else this.#globs.set(glob, rest);
    }
  }

  #refuseTooMany(filter: Filter): void {
    const { globs: maxGlobs, repositories: maxEntries } = this.#limits;
    const entries = this.#entries + filter.entries;
    if (entries > maxEntries) throw tooMany(`${entries} repositories`, maxEntries);
    let globs = this.#globs.size;
    for (const glob of filter.patterns) if (!this.#globs.has(glob)) globs++;
    if (globs > maxGlobs) throw tooMany(`${globs} different globs`, maxGlobs);
  }
}

function tooMany(what: string, max: number): ManifeedError {
  return new ManifeedError(
    'TOO_MANY_CONNECTIONS',
    `subscribe: ${what} of all subscribers: must be at most ${max}`,
    { detail: { parameter: 'repository' } },
  );
}
