import type { Filter } from '../event/filter.ts';
import { wildcardsOf } from '../event/glob.ts';
import { LeakyBucket } from '../lib/leaky-bucket.ts';

/** What one owner holds, or all owners together. Each different filter and each different glob counts once. */
export class Account {
  /** How often each filter is held. */
  readonly #filters = new Map<Filter, number>();
  /** How many of these filters have each repository glob. */
  readonly #patterns = new Map<string, number>();
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
    const holds = this.#filters.get(filter) ?? 0;
    this.#filters.set(filter, holds + 1);
    if (holds > 0) return;
    this.#bytes += filter.memoryBytes;
    this.#tagConditions += filter.tagConditions;
    if (filter.wildcards === 0) return;
    for (const pattern of filter.patterns) {
      const holders = this.#patterns.get(pattern) ?? 0;
      this.#patterns.set(pattern, holders + 1);
      if (holders === 0) this.#wildcards += costOf(pattern);
    }
  }

  /** Releases one hold of a filter. */
  remove(filter: Filter): void {
    const holds = this.#filters.get(filter) ?? 0;
    if (holds > 1) this.#filters.set(filter, holds - 1);
    if (holds !== 1) return;
    this.#filters.delete(filter);
    this.#bytes -= filter.memoryBytes;
    this.#tagConditions -= filter.tagConditions;
    if (filter.wildcards === 0) return;
    for (const pattern of filter.patterns) {
      const holders = (this.#patterns.get(pattern) ?? 1) - 1;
      if (holders > 0) this.#patterns.set(pattern, holders);
      else if (this.#patterns.delete(pattern)) this.#wildcards -= costOf(pattern);
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
