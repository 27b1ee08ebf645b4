/**
 * Turns: observations of one tag that wait for each other. A change whose platforms are asked for waits until they are
 * known, stored as pending; what is seen of its tag meanwhile waits behind it, so that the tag's changes keep their
 * order. Each is decided by `record` when its turn has come (`waited`). Pure; Redis restates it in `lua/turns.lua`.
 *
 * The end of a digest or of a repository concerns many tags, so it does not wait: what waits in its repository is
 * decided before it, and the platforms of these changes are not known. The same happens to a tag of which too much waits.
 */
import type { Change } from '../event/change.ts';
import type { Digest } from '../event/digest.ts';
import type { Deferred, Observation, TagObserved } from '../event/observation.ts';
import { movedBetween } from '../event/platform.ts';
import { type RepositoryName, repositoryKey } from '../event/reference.ts';
import { type LedgerClock, stampAge, toWall } from './ledger-clock.ts';
import type { WaitingState } from './queries.ts';
import { certainAt, type Deliveries, isDuplicate, stampOf } from './weigh.ts';

/** Most observations of one tag that wait for their turn. */
export const maxTurnsPerTag = 16;

/** How many observations wait for their turn: of a tag, or of all tags of a repository. */
export interface TurnCounts {
  turnsOf(of: RepositoryName, tag?: string): number;
}

/** Whether a change that the observation makes must wait for its platforms. */
export function wantsPlatforms(seen: TagObserved): boolean {
  return seen.awaits === 'platforms' && seen.waited !== true && seen.digest !== null;
}

/** Whether others of its tag go first. */
export function waitsBehind(counts: TurnCounts, seen: Deferred): boolean {
  return seen.waited !== true && counts.turnsOf(seen, seen.tag) > 0;
}

/** What is stored of an observation that waits: its stamp replaces its age, and its delivery key is remembered. */
export function turnOf(seen: Deferred, clock: LedgerClock): Deferred {
  const { ageMs: _age, basedOn: _basis, ...rest } = seen;
  const times = { keptAt: stampOf(seen, clock), waitsSince: clock.stampedAt };
  return { ...rest, ...times, dedupeKey: null, awaits: seen.awaits ?? 'turn' };
}

/** How long it has waited for its turn, ms. @param stampedAt the ledger's stamp now, ms */
export function waitedMs({ waitsSince, keptAt }: Deferred, stampedAt: number): number {
  return Math.max(0, stampedAt - (waitsSince ?? keptAt ?? stampedAt));
}

/** What a tag is once the waiting observation is decided. @param clock the ledger's now */
export function stateAfter(seen: Deferred, clock: LedgerClock): WaitingState {
  // Its stamp is the one that it has, also of a look.
  const certain = certainAt({ ...seen, waited: true }, { now: toWall(clock, clock.stampedAt), clock });
  const checkedAgeMs = stampAge(clock, certain);
  if (seen.kind === 'tag-gone')
    return { present: false, digest: null, mediaType: null, size: null, checkedAgeMs };
  const { digest, mediaType, size } = seen;
  return { present: true, digest, mediaType, size, checkedAgeMs };
}

/**
 * Which waiting observations must be decided before this one, in order, as they came: those of its repository, of its
 * tag, or none.
 *
 * @param room how many more observations may wait
 */
export function decidedFirst(
  view: TurnCounts & Deliveries,
  observation: Observation,
  clock: LedgerClock,
  room: () => number,
): 'repository' | 'tag' | null {
  const first = goesBefore(view, observation, room);
  return first === null || isDuplicate(view, observation, clock) ? null : first;
}

function goesBefore(counts: TurnCounts, observation: Observation, room: () => number) {
  if (observation.kind === 'manifest-gone' || observation.kind === 'repository-gone')
    return counts.turnsOf(observation) > 0 ? 'repository' : null;
  if ((observation.kind !== 'tag' && observation.kind !== 'tag-gone') || observation.waited === true)
    return null;
  const ahead = counts.turnsOf(observation, observation.tag);
  return ahead >= maxTurnsPerTag || (ahead > 0 && room() < 1) ? 'tag' : null;
}

/**
 * The platforms of a change of a tag, for an observation that asks for them. They are null unless it is known which of
 * them moved: what the tag pointed at must be what was looked up.
 *
 * @param row what the tag pointed at before; undefined, or a tombstone: the tag is created
 */
export function platformsOf(
  { platforms: learned }: TagObserved,
  row: { readonly present: boolean; readonly digest: Digest | null } | undefined,
): Pick<Change, 'platforms' | 'movedPlatforms'> {
  const platforms = learned?.platforms ?? null;
  if (platforms === null || row?.present !== true) return { platforms };
  const before = learned?.before;
  const isBefore = before !== undefined && before.digest === row.digest && before.platforms !== null;
  if (!isBefore) return { platforms: null };
  return { platforms, movedPlatforms: movedBetween(before.platforms ?? {}, platforms) };
}

/** The ids of waiting observations, by repository and tag, in the order in which they came. */
export class TurnQueues implements TurnCounts {
  readonly #repositories = new Map<string, Map<string, string[]>>();

  turnsOf(of: RepositoryName, tag?: string): number {
    if (this.#repositories.size === 0) return 0;
    const tags = this.#repositories.get(repositoryKey(of));
    if (tags === undefined) return 0;
    return tag === undefined ? tags.size : (tags.get(tag)?.length ?? 0);
  }

  add(id: string, { registry, repository, tag }: Deferred): void {
    const key = repositoryKey({ registry, repository });
    const tags = this.#repositories.get(key) ?? new Map<string, string[]>();
    this.#repositories.set(key, tags);
    const ids = tags.get(tag);
    if (ids === undefined) tags.set(tag, [id]);
    else ids.push(id);
  }

  remove(id: string, { registry, repository, tag }: Deferred): void {
    const key = repositoryKey({ registry, repository });
    const tags = this.#repositories.get(key);
    const ids = tags?.get(tag)?.filter((each) => each !== id) ?? [];
    if (ids.length > 0) tags?.set(tag, ids);
    else tags?.delete(tag);
    if (tags?.size === 0) this.#repositories.delete(key);
  }

  /** Those of a tag or of a repository, in order for each tag. */
  idsOf(of: RepositoryName, tag?: string): readonly string[] {
    const tags = this.#repositories.size === 0 ? undefined : this.#repositories.get(repositoryKey(of));
    if (tags === undefined) return [];
    return tag === undefined ? [...tags.values()].flat() : (tags.get(tag) ?? []);
  }

  /** The first of each tag: its turn has come. */
  *heads(): Generator<string> {
    for (const tags of this.#repositories.values())
      for (const [first] of tags.values()) if (first !== undefined) yield first;
  }

  clear(): void {
    this.#repositories.clear();
  }
}
