/** Stretches of repositories in byte order of registry and name: which part of the order a query asks for. */
import { type RepositoryName, repositoryOfKey } from '../../../event/reference.ts';
import type { Within } from '../../queries.ts';
import { compareText } from '../../tag-order.ts';

export type Order = 'asc' | 'desc';

/** From `from` up to, not including, `to`. Neither need exist. */
export interface Stretch {
  readonly from: RepositoryName;
  readonly to: RepositoryName;
  /** It holds `from` alone. */
  readonly isPoint: boolean;
}

/** Before and after every name: names are ASCII letters, digits, `.`, `_`, `-`, `/` and `:`. */
export const beforeAll = '';
export const afterAll = '~';

/** The place right after a name: before any longer one. */
export function justAfter({ registry, repository }: RepositoryName): RepositoryName {
  return { registry, repository: `${repository} ` };
}

export function compareRepositories(a: RepositoryName, b: RepositoryName): number {
  return compareText(a.registry, b.registry) || compareText(a.repository, b.repository);
}

/** In byte order, and apart from each other. */
function stretchesOf(within: Within | undefined): readonly Stretch[] {
  if (within === undefined) return [stretch(beforeAll, beforeAll, afterAll, beforeAll)];
  if ('repositories' in within)
    return [...new Set(within.repositories)].map(repositoryOfKey).sort(compareRepositories).map(pointOf);
  const { below } = within;
  if (!below.includes('/')) return [stretch(below, beforeAll, below, afterAll)];
  const { registry, repository } = repositoryOfKey(below);
  // `0` follows `/`; `a-b` lies between `a` and `a/`.
  const inside = stretch(registry, `${repository}/`, registry, `${repository}0`);
  return [pointOf({ registry, repository }), inside];
}

function stretch(registry: string, from: string, toRegistry: string, to: string): Stretch {
  return {
    from: { registry, repository: from },
    to: { registry: toRegistry, repository: to },
    isPoint: false,
  };
}

function pointOf(name: RepositoryName): Stretch {
  return { from: name, to: justAfter(name), isPoint: true };
}

/** In the order of reading. @param start begins here, this repository included; undefined: at the beginning */
export function stretchesFrom(
  within: Within | undefined,
  order: Order,
  start: RepositoryName | undefined,
): readonly Stretch[] {
  const stretches = stretchesOf(within);
  return (order === 'asc' ? stretches : stretches.toReversed())
    .map((each) => clip(each, order, start))
    .filter(({ from, to }) => compareRepositories(from, to) < 0);
}

/** What follows a repository of the stretch. */
export function beyond(stretch: Stretch, of: RepositoryName, order: Order): Stretch {
  return order === 'asc' ? { ...stretch, from: justAfter(of) } : { ...stretch, to: of };
}

export function isInStretch({ from, to }: Stretch, of: RepositoryName): boolean {
  return compareRepositories(from, of) <= 0 && compareRepositories(of, to) < 0;
}

/** The rest of a stretch that begins at `start`. A point is there or not; its name stays. */
function clip(of: Stretch, order: Order, start: RepositoryName | undefined): Stretch {
  if (start === undefined) return of;
  if (order === 'asc') return compareRepositories(of.from, start) < 0 ? { ...of, from: start } : of;
  const to = justAfter(start);
  return compareRepositories(of.to, to) > 0 ? { ...of, to } : of;
}
