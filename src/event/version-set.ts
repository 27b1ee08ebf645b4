/**
 * The comparators of a node-semver range as plain numbers: a tenth of the memory of node-semver's objects, and of
 * the time to judge a version. A version is in a range if it fits all comparators of one of its sets
 * (`1.x || 3.x` has two sets).
 */
import { type Comparator, type Range, SemVer } from 'semver';

export interface VersionBound {
  /** Whether a version below, equal to and above this one fits. */
  readonly below: boolean;
  readonly equal: boolean;
  readonly above: boolean;
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly prerelease: readonly (string | number)[];
}

/** All of them must fit. */
export type VersionSet = readonly VersionBound[];

const noPrerelease: readonly (string | number)[] = [];

export function versionSets(range: Range): readonly VersionSet[] {
  return range.set.map((comparators) => comparators.map(toBound));
}

function toBound({ operator, semver }: Comparator): VersionBound {
  // `*` has no version, only a mark of node-semver's own.
  if (!(semver instanceof SemVer)) return anyVersion;
  const { major, minor, patch, prerelease } = semver;
  return {
    below: operator === '<' || operator === '<=',
    equal: operator !== '<' && operator !== '>',
    above: operator === '>' || operator === '>=',
    ...{ major, minor, patch },
    prerelease: prerelease.length === 0 ? noPrerelease : [...prerelease],
  };
}

const anyVersion: VersionBound = {
  ...{ below: true, equal: true, above: true },
  ...{ major: 0, minor: 0, patch: 0, prerelease: noPrerelease },
};

export function versionsInclude(sets: readonly VersionSet[], version: SemVer): boolean {
  return sets.some((set) => set.every((bound) => fits(bound, version)) && admitsPrerelease(set, version));
}

/** A prerelease is in a range only where that names a prerelease of the same version (node-semver's rule). */
function admitsPrerelease(set: VersionSet, version: SemVer): boolean {
  if (version.prerelease.length === 0) return true;
  return set.some((bound) => bound.prerelease.length > 0 && compareCore(version, bound) === 0);
}

function fits(bound: VersionBound, version: SemVer): boolean {
  const order = compareCore(version, bound) || comparePrerelease(version.prerelease, bound.prerelease);
  if (order === 0) return bound.equal;
  return order < 0 ? bound.below : bound.above;
}

type Core = Pick<VersionBound, 'major' | 'minor' | 'patch'>;

function compareCore(a: Core, b: Core): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch;
}

type Prerelease = readonly (string | number)[];

/** Semantic Versioning 2.0.0, 11: none is above any, numbers are below words, and fewer parts below more. */
function comparePrerelease(a: Prerelease, b: Prerelease): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let index = 0; index < a.length && index < b.length; index++) {
    const order = comparePart(a[index] ?? 0, b[index] ?? 0);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function comparePart(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'number') return -1;
  if (typeof b === 'number') return 1;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
