/**
 * Finds the subscribers of a change without visiting the others. Subscribers with the same filter and grant form
 * one group, and a filter is judged once for each group. A map leads from an exact repository to its groups. Groups
 * with globs are judged once for each repository (`pattern-groups.ts`).
 */
import type { Filter } from '../event/filter.ts';
import type { Work } from '../event/glob.ts';
import type { Grant } from '../event/grant.ts';
import { Counts } from '../lib/counts.ts';
import type { Frame } from './frame.ts';
import { PatternGroups } from './pattern-groups.ts';
import { Group, type Subscriber } from './subscriber.ts';

/** The groups that get a change. */
export interface Matched {
  readonly groups: Group[];
  /** Paced members of these groups; a member of two groups counts twice. */
  paced: number;
  /** Paced members of all groups that ask for the repository, whichever tag or type they want. */
  pacedOfRepository: number;
}

interface Repository {
  readonly groups: Set<Group>;
  /** Groups of each tag scope. Reported when a scope appears or disappears, not for every group. */
  readonly scopes: Counts<string>;
}

/** Paced subscribers of a name or pattern. */
type PacedCount = readonly [key: string, count: number];

const noGroups: readonly Group[] = [];
const unlimited: Work = { steps: 0, limit: Number.POSITIVE_INFINITY };

/** Steps of counting in one turn of the event loop: about a millisecond. */
const stepsPerPart = 4_000;

export class GroupIndex {
  /** By the filter's key, then the grant's: joining both strings costs more than a second look-up. */
  readonly #groups = new Map<string, Map<string, Group>>();
  readonly #exact = new Map<string, Repository>();
  readonly #patterns = new PatternGroups();
  readonly #onDemand: (repositoryKey: string, scopes: readonly string[] | null) => void;
  #round = 0;

  /** @param onDemand receives which tags of an exactly named repository subscribers want; null: none any more */
  constructor(onDemand: (repositoryKey: string, scopes: readonly string[] | null) => void) {
    this.#onDemand = onDemand;
  }

  /** Adds a subscriber to the group of this filter and grant. */
  add(subscriber: Subscriber, filter: Filter, grant: Grant): Group {
    const group = this.#groups.get(filter.key)?.get(grant.key) ?? this.#newGroup(filter, grant);
    (subscriber.paced ? group.paced : group.unpaced).add(subscriber);
    return group;
  }

  remove(subscriber: Subscriber, group: Group): void {
    group.paced.delete(subscriber);
    group.unpaced.delete(subscriber);
    const { filter, grant } = group;
    const ofFilter = this.#groups.get(filter.key);
    if (group.size > 0 || ofFilter?.get(grant.key) !== group) return;
    ofFilter.delete(grant.key);
    if (ofFilter.size === 0) this.#groups.delete(filter.key);
    this.#unlink(group);
  }

  /**
   * Finds the groups that get this change.
   *
   * @param work how much judging of globs may be done now. Default: unlimited
   * @returns null: `work` ran out; call again with more
   */
  match(frame: Frame, work: Work = unlimited): Matched | null {
    const readers = this.#patterns.readersOf(frame.key, work);
    if (readers === null) return null;
    // Not the sequence: sequences restart when continuity is lost.
    this.#round++;
    const matched: Matched = { groups: [], paced: 0, pacedOfRepository: 0 };
    let grant: Grant | null = null;
    let allowed = false;
    for (const group of this.#exact.get(frame.key)?.groups ?? noGroups) {
      if (group.grant !== grant) {
        grant = group.grant;
        allowed = grant.allows(frame.key);
      }
      this.#take(group, allowed, frame, matched);
    }
    for (const { group } of readers) {
      if (group !== null && group.judgedIn !== this.#round) this.#take(group, true, frame, matched);
    }
    return matched;
  }

  /**
   * Paced subscribers by exact repository and by pattern. Other gateways compute their share of a pace from them.
   * There may be 200,000 names, so they come in parts, and subscriptions may change between two parts.
   *
   * @param work its limit ends a part. A step visits one group of a name, or one pattern. Default: 4,000 steps
   */
  *pacedCounts(work: Work = { steps: 0, limit: stepsPerPart }): Generator<readonly PacedCount[]> {
    let part: PacedCount[] = [];
    for (const count of this.#pacedSteps()) {
      if (count !== null) part.push(count);
      if (++work.steps < work.limit) continue;
      yield part;
      part = [];
      work.steps = 0;
    }
    yield part;
  }

  /** One step at a time: the count of a name or pattern, or null. */
  *#pacedSteps(): Generator<PacedCount | null> {
    for (const [key, { groups }] of this.#exact) {
      let count = 0;
      for (const { paced } of groups) {
        count += paced.size;
        yield null;
      }
      if (count > 0) yield [key, count];
    }
    const ofPatterns = new Counts<string>();
    for (const { filter, paced } of this.#patterns.groups) {
      yield null;
      for (const pattern of paced.size > 0 ? filter.patterns : []) {
        ofPatterns.add(pattern, paced.size);
        yield null;
      }
    }
    yield* ofPatterns;
  }

  #take(group: Group, allowed: boolean, frame: Frame, matched: Matched): void {
    group.judgedIn = this.#round;
    matched.pacedOfRepository += group.paced.size;
    if (!allowed || !group.filter.matchesRest(frame.change)) return;
    matched.groups.push(group);
    matched.paced += group.paced.size;
  }

  #newGroup(filter: Filter, grant: Grant): Group {
    const group = new Group(filter, grant);
    const ofFilter = this.#groups.get(filter.key) ?? new Map<string, Group>();
    this.#groups.set(filter.key, ofFilter.set(grant.key, group));
    this.#link(group);
    return group;
  }

  #link(group: Group): void {
    for (const key of group.filter.repositories) {
      const repository = this.#exact.get(key) ?? { groups: new Set<Group>(), scopes: new Counts() };
      repository.groups.add(group);
      this.#exact.set(key, repository);
      let isNew = false;
      for (const scope of group.filter.tagScopes) isNew = repository.scopes.add(scope) === 1 || isNew;
      if (isNew) this.#onDemand(key, [...repository.scopes.keys()]);
    }
    if (group.filter.patterns.length > 0) this.#patterns.add(group);
  }

  #unlink(group: Group): void {
    for (const key of group.filter.repositories) this.#unlinkFrom(key, group);
    this.#patterns.remove(group);
  }

  #unlinkFrom(key: string, group: Group): void {
    const repository = this.#exact.get(key);
    if (repository === undefined) return;
    repository.groups.delete(group);
    let isGone = false;
    for (const scope of group.filter.tagScopes) isGone = repository.scopes.add(scope, -1) === 0 || isGone;
    if (repository.groups.size === 0) {
      this.#exact.delete(key);
      this.#onDemand(key, null);
    } else if (isGone) this.#onDemand(key, [...repository.scopes.keys()]);
  }
}
