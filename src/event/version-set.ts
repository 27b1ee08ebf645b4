/** The comparators of a range as plain numbers: a tenth of the memory of node-semver's objects, and of the time. */
import { type Comparator, type Range, SemVer } from 'semver';

interface VersionBound {
  /** Whether a version below, equal to or above this one fits. */
  readonly below: boolean;
  readonly equal: boolean;
  readonly above: boolean;
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly prerelease: readonly (string | number)[];
}

/** A version must fit all of them. */
export type VersionSet = readonly VersionBound[];

const noPrerelease: readonly (string | number)[] = [];

/** The comparators of a range: a version must fit one of the sets. */
export function versionSets(range: Range): readonly VersionSet[] {
  return range.set.map((comparators) => comparators.map(toBound));
}

function toBound({ operator, semver }: Comparator): VersionBound {
  // The comparator `*` has a marker object instead of a version.
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

/** Whether a version is in the range that `sets` were made of. */
export function versionsInclude(sets: readonly VersionSet[], version: SemVer): boolean {
  return sets.some((set) => set.every((bound) => fits(bound, version)) && admitsPrerelease(set, version));
}

/** A prerelease is in a range only if the range names a prerelease of the same version (node-semver's rule). */
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

/** Semantic Versioning 2.0.0, 11: releases come after prereleases, words after numbers, more parts after fewer. */
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
