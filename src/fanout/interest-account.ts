import type { Filter } from '../event/filter.ts';
import { wildcardsOf } from '../event/glob.ts';
import { Counts } from '../lib/counts.ts';
import { LeakyBucket } from '../lib/leaky-bucket.ts';

/** What one owner holds, or all owners together. Each different filter and each different glob counts once. */
export class Account {
  /** How often each filter is held. */
  readonly #filters = new Counts<Filter>();
  /** How many of these filters have each repository glob. */
  readonly #patterns = new Counts<string>();
  #tagConditions = 0;
  #wildcards = 0;
  #bytes = 0;
  /** Globs and ranges asked for lately. */
  readonly newGlobs = new LeakyBucket();

  /** Wildcards of its different repository globs, and conditions on tags of its different filters. */
  get globs(): number {
    return this.#wildcards + this.#tagConditions;
  }

  get bytes(): number {
    return this.#bytes;
  }

  has(filter: Filter): boolean {
    return this.#filters.has(filter);
  }

  /** What a filter that it does not hold would add to `globs`. */
  globsWith(filter: Filter): number {
    let more = filter.tagConditions;
    if (filter.wildcards === 0) return more;
    for (const pattern of filter.patterns) if (!this.#patterns.has(pattern)) more += costOf(pattern);
    return more;
  }

  add(filter: Filter): void {
    if (this.#filters.add(filter) > 1) return;
    this.#bytes += filter.memoryBytes;
    this.#tagConditions += filter.tagConditions;
    if (filter.wildcards === 0) return;
    for (const pattern of filter.patterns) {
      if (this.#patterns.add(pattern) === 1) this.#wildcards += costOf(pattern);
    }
  }

  /** Releases one hold of a filter. */
  remove(filter: Filter): void {
    if (!this.#filters.has(filter) || this.#filters.add(filter, -1) > 0) return;
    this.#bytes -= filter.memoryBytes;
    this.#tagConditions -= filter.tagConditions;
    if (filter.wildcards === 0) return;
    for (const pattern of filter.patterns) {
      if (this.#patterns.add(pattern, -1) === 0) this.#wildcards -= costOf(pattern);
    }
  }

  /** Whether it equals a new account, and can be forgotten. */
  isIdle(perSecond: number, now: number): boolean {
    return this.#filters.size === 0 && this.newGlobs.level(perSecond, now) === 0;
  }
}

function costOf(pattern: string): number {
  return pattern === '**' ? 0 : wildcardsOf(pattern);
}
