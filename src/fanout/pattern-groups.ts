/**
 * Finds the groups whose globs match a repository. Each group is judged once for a repository, however many changes
 * that has: its grant first, then its globs, until one matches. New groups are judged at the next change. Judging
 * can be done in parts, because strangers choose the globs.
 */
import { compileGlob, type GlobMatcher, type Work } from '../event/glob.ts';
import type { Group } from './subscriber.ts';

interface PatternGroupsOptions {
  /** Repositories remembered in each of two generations. Default 16,384. */
  readonly maxRepositories?: number;
  /** References to groups remembered in each of two generations. Default 262,144. */
  readonly maxReaders?: number;
}

/** A group's place in the index. Remembered readers keep it after the group is gone; `group` is null then. */
interface Place {
  readonly serial: number;
  readonly globs: readonly Glob[];
  group: Group | null;
}

/** One distinct pattern, shared by all groups that have it. */
interface Glob {
  readonly pattern: string;
  /** Compiled at first use: one subscription may bring a thousand. */
  matches: GlobMatcher | null;
  holders: number;
  /** The repository that it was last judged for, and the result. */
  key: string;
  verdict: boolean;
}

interface Known {
  /** Groups up to this serial are judged. */
  upTo: number;
  /** Globs of the next group that did not match. */
  globsDone: number;
  readers: Place[];
}

const nobody: readonly Place[] = [];
/** Steps charged for a grant. The operator writes it, so it is short. */
const grantSteps = 8;

export class PatternGroups {
  readonly #maxRepositories: number;
  readonly #maxReaders: number;
  /** In order of serial. */
  #places: Place[] = [];
  readonly #placeOf = new Map<Group, Place>();
  readonly #globs = new Map<string, Glob>();
  #lastSerial = 0;
  /** Two generations: when the newer is full, it becomes the older. */
  #newer = new Map<string, Known>();
  #older = new Map<string, Known>();
  #readers = 0;
  /** The repository asked for last. Judging in parts asks for it again and again. */
  #latest: { readonly key: string; readonly known: Known } | null = null;
  /** The next reader to sample: if its group is gone, the list is compacted. */
  #sampled = 0;

  constructor(options: PatternGroupsOptions = {}) {
    this.#maxRepositories = options.maxRepositories ?? 16_384;
    this.#maxReaders = options.maxReaders ?? 262_144;
  }

  get groups(): IterableIterator<Group> {
    return this.#placeOf.keys();
  }

  /** Repositories remembered, for the bound's test. */
  get remembered(): number {
    return this.#newer.size + this.#older.size;
  }

  /** @param group its filter has globs */
  add(group: Group): void {
    const globs = group.filter.patterns.map((pattern) => this.#globOf(pattern));
    const place = { serial: ++this.#lastSerial, globs, group };
    this.#places.push(place);
    this.#placeOf.set(group, place);
  }

  remove(group: Group): void {
    const place = this.#placeOf.get(group);
    if (place === undefined) return;
    this.#placeOf.delete(group);
    place.group = null;
    for (const glob of place.globs) if (--glob.holders === 0) this.#globs.delete(glob.pattern);
    // Only now: removing each at once would move all that follow.
    if (this.#places.length > 2 * this.#placeOf.size + 64) {
      this.#places = this.#places.filter((each) => each.group !== null);
    }
  }

  /**
   * The groups that match a repository; null for a group that is gone. Judges those not yet judged for it first.
   *
   * @returns null: `work` ran out; call again with more
   */
  readersOf(key: string, work: Work): readonly { readonly group: Group | null }[] | null {
    if (this.#placeOf.size === 0) return nobody;
    const known = this.#knownOf(key);
    if (known.upTo < this.#lastSerial && !this.#learn(key, known, work)) return null;
    const { readers } = known;
    if (readers.length > 0 && readers[this.#sampled++ % readers.length]?.group === null) {
      known.readers = readers.filter((place) => place.group !== null);
    }
    return known.readers;
  }

  /** Judges the groups that joined since. False: `work` ran out. */
  #learn(key: string, known: Known, work: Work): boolean {
    const allowed = new Map<string, boolean>();
    for (let index = this.#firstAfter(known.upTo); index < this.#places.length; index++) {
      const place = this.#places[index];
      if (place === undefined) break;
      if (work.steps >= work.limit) return false;
      const verdict = this.#judge(place, { key, known, allowed, work });
      if (verdict === null) return false;
      if (verdict) {
        known.readers.push(place);
        this.#readers++;
      }
      known.upTo = place.serial;
      known.globsDone = 0;
    }
    known.upTo = this.#lastSerial;
    return true;
  }

  /** @returns null: `work` ran out within its globs */
  #judge(place: Place, { key, known, allowed, work }: Judging): boolean | null {
    const { group, globs } = place;
    work.steps++;
    if (group === null || !isAllowed(group, key, allowed, work)) return false;
    for (let index = known.globsDone; index < globs.length; index++) {
      if (work.steps >= work.limit) {
        known.globsDone = index;
        return null;
      }
      const glob = globs[index];
      if (glob !== undefined && matches(glob, key, work)) return true;
    }
    return false;
  }

  #globOf(pattern: string): Glob {
    const glob = this.#globs.get(pattern) ?? {
      ...{ pattern, matches: null, holders: 0 },
      ...{ key: '', verdict: false },
    };
    glob.holders++;
    this.#globs.set(pattern, glob);
    return glob;
  }

  #knownOf(key: string): Known {
    if (this.#latest?.key === key) return this.#latest.known;
    const known = this.#newer.get(key) ?? this.#recalled(key);
    this.#latest = { key, known };
    return known;
  }

  #recalled(key: string): Known {
    const known = this.#older.get(key) ?? { upTo: 0, globsDone: 0, readers: [] };
    this.#older.delete(key);
    if (this.#newer.size >= this.#maxRepositories || this.#readers >= this.#maxReaders) {
      this.#older = this.#newer;
      this.#newer = new Map();
      this.#readers = 0;
    }
    this.#newer.set(key, known);
    this.#readers += known.readers.length;
    return known;
  }

  /** The index of the first place with a higher serial. */
  #firstAfter(serial: number): number {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#places[middle]?.serial ?? 0) > serial) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

interface Judging {
  readonly key: string;
  readonly known: Known;
  /** Whether the grants of this key allow the repository. */
  readonly allowed: Map<string, boolean>;
  readonly work: Work;
}

function isAllowed({ grant }: Group, key: string, allowed: Map<string, boolean>, work: Work): boolean {
  const known = allowed.get(grant.key);
  if (known !== undefined) return known;
  work.steps += grantSteps;
  const verdict = grant.allows(key);
  allowed.set(grant.key, verdict);
  return verdict;
}

function matches(glob: Glob, key: string, work: Work): boolean {
  work.steps++;
  if (glob.key !== key) {
    glob.matches ??= compileGlob(glob.pattern);
    glob.verdict = glob.matches(key, work);
    glob.key = key;
  }
  return glob.verdict;
}
