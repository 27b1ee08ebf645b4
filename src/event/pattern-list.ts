/** The repository globs of one filter. A verdict may cost a thousand globs, so it is remembered. */
import { compileGlob, type GlobMatcher, type Work, wildcardsOf } from './glob.ts';

/** Over all filters. */
export const maxVerdicts = 65_536;
/** With this few wildcards, judging is faster than looking a verdict up. */
const fewWildcards = 2;

/** Verdicts for (owner, key) pairs. At `max`, over all owners, it forgets everything: simpler than an order of use. */
export class Verdicts {
  readonly #max: number;
  #known = new WeakMap<object, Map<string, boolean>>();
  #count = 0;

  /** @param max most verdicts remembered, of about 100 bytes each */
  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#count;
  }

  get(owner: object, key: string): boolean | undefined {
    return this.#known.get(owner)?.get(key);
  }

  set(owner: object, key: string, verdict: boolean): void {
    if (++this.#count > this.#max) {
      this.#known = new WeakMap();
      this.#count = 1;
    }
    const known = this.#known.get(owner);
    if (known === undefined) this.#known.set(owner, new Map([[key, verdict]]));
    else known.set(key, verdict);
  }
}

const verdicts = new Verdicts(maxVerdicts);

export class PatternList {
  readonly patterns: readonly string[];
  /** The cost to judge one repository. A lone `**` costs nothing. */
  readonly wildcards: number;
  readonly #matchesAll: boolean;
  /** Compiled at first use: a thousand globs take a megabyte, and most filters never need them. */
  #matchers: readonly GlobMatcher[] | null = null;

  constructor(patterns: readonly string[]) {
    this.patterns = patterns;
    this.wildcards = patterns.reduce((sum, each) => sum + (each === '**' ? 0 : wildcardsOf(each)), 0);
    this.#matchesAll = patterns.includes('**');
  }

  matches(key: string): boolean {
    if (this.#matchesAll) return true;
    if (this.patterns.length === 0) return false;
    if (this.wildcards <= fewWildcards) return this.#matching().some((matches) => matches(key));
    const known = verdicts.get(this, key);
    if (known !== undefined) return known;
    const verdict = this.#matching().some((matches) => matches(key));
    verdicts.set(this, key, verdict);
    return verdict;
  }

  /**
   * Finds a verdict in parts.
   * @param from the number of patterns already judged
   * @returns null if `matches` is now fast; a number if `work` ran out: call again with it
   */
  judge(key: string, from: number, work: Work): number | null {
    work.steps++;
    if (this.#matchesAll || this.wildcards <= fewWildcards) return null;
    if (verdicts.get(this, key) !== undefined) return null;
    const matchers = this.#matching();
    for (let index = from; index < matchers.length; index++) {
      if (work.steps >= work.limit) return index;
      if (matchers[index]?.(key, work) === true) {
        verdicts.set(this, key, true);
        return null;
      }
    }
    verdicts.set(this, key, false);
    return null;
  }

  #matching(): readonly GlobMatcher[] {
    this.#matchers ??= this.patterns.map(compileGlob);
    return this.#matchers;
  }
}
