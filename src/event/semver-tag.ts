/**
 * Reads tags as versions. Image tags are seldom strict semantic versions, so the rules are lenient:
 *
 * - A leading `v` is ignored, and missing parts are zero: `v1.27` is 1.27.0, `1` is 1.0.0.
 * - Leading zeros are ignored: `2024.01.05` is 2024.1.5.
 * - A suffix that begins with a usual prerelease word (`alpha`, `beta`, `rc`, `pre`, `dev`, …) or a number is a
 *   prerelease. As in node-semver, a range matches it only if the range names a prerelease of the same version:
 *   `1.28.0-rc.1` is not in `>=1.27`, but is in `>=1.28.0-rc.0`.
 * - Any other suffix names a variant and is ignored: `1.27.3-alpine` is 1.27.3.
 * - What follows `_` stands for build metadata (`+` is no tag character) and is ignored.
 * - Everything else (`latest`, `1.2.3.4`, `sha-4f2a`) is no version and matches no range.
 */
import { type Comparator, Range, SemVer } from 'semver';
import { invalidParameter } from '../errors.ts';
import { rememberLast } from '../lib/remember-last.ts';

/** In characters, as for node-semver's versions. */
export const maxRangeLength = 256;
/** `^1.27` has two: `>=1.27` and `<2`. */
export const maxComparators = 16;

const versionGrammar = /^[vV]?([0-9]{1,15})(?:\.([0-9]{1,15}))?(?:\.([0-9]{1,15}))?(?:([-_])(.+))?$/;
const prereleaseGrammar =
  /^(?:alpha|beta|rc|cr|pre|preview|prerelease|dev|snapshot|nightly|canary|next|ea|m|a|b)?[.-]?[0-9]|^(?:alpha|beta|rc|cr|pre|preview|prerelease|dev|snapshot|nightly|canary|next|ea)(?:$|[._-])/i;

/** A version as plain numbers: a list of versions is read ten times as fast as into node-semver's objects. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** Empty: a release. */
  readonly prerelease: readonly (string | number)[];
}

/** Null if it is no version. */
export function parseVersionTag(tag: string): Version | null {
  return versionKey(tag).version;
}

/** The parts of a suffix that are compared: numbers and words, without empty parts, and nothing from `_` on. */
function prereleaseOf(suffix: string): Version['prerelease'] {
  const beforeBuild = suffix.split('_', 1)[0] ?? '';
  return beforeBuild
    .split('.')
    .filter((part) => part !== '')
    .map(numberOrWord);
}

/** As node-semver: what is too large to be counted exactly is compared as a word. */
function numberOrWord(part: string): string | number {
  if (!/^[0-9]+$/.test(part)) return part;
  return Number(part) < Number.MAX_SAFE_INTEGER ? Number(part) : part.replace(/^0+/, '');
}

/** A tag as its place in the order of versions. */
export interface VersionKey {
  readonly tag: string;
  /** Null: no version. */
  readonly version: Version | null;
  /** The suffix that names a variant: `alpine`; '': none. Neither a prerelease nor build metadata is one. */
  readonly variant: string;
  /** How many of major, minor and patch it names; 0: no version. */
  readonly parts: number;
}

/** Reads a tag for `compareVersionKeys`. Remembers the last one, because many ranges judge one tag in a row. */
export const versionKey = rememberLast((tag: string): VersionKey => {
  const match = versionGrammar.exec(tag);
  if (match === null) return { tag, version: null, variant: '', parts: 0 };
  const [, major, minor, patch, separator, suffix = ''] = match;
  const isPrerelease = separator === '-' && prereleaseGrammar.test(suffix);
  const version = {
    ...{ major: Number(major), minor: Number(minor ?? 0), patch: Number(patch ?? 0) },
    prerelease: isPrerelease ? prereleaseOf(suffix) : noPrerelease,
  };
  const parts = patch !== undefined ? 3 : minor !== undefined ? 2 : 1;
  const isVariant = separator === '-' && !isPrerelease;
  return { tag, version, variant: isVariant ? (suffix.split('_', 1)[0] ?? '') : '', parts };
});

/**
 * Oldest first. Of one version, the plain tag that names most of it comes last, so that the last of all is what one
 * would write for "the newest": `1.27-alpine`, `1.27.0-alpine`, `1.27`, `1.27.0`. What is no version comes before all
 * versions. What is still equal is in byte order.
 */
export function compareVersionKeys(a: VersionKey, b: VersionKey): number {
  const byVersion = compareVersions(a.version, b.version);
  if (byVersion !== 0) return byVersion;
  const byVariant = Number(a.variant === '') - Number(b.variant === '');
  return byVariant || a.parts - b.parts || (a.tag < b.tag ? -1 : Number(a.tag > b.tag));
}

/** Negative: `a` is older. What is no version comes before all versions. */
export function compareVersions(a: Version | null, b: Version | null): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  return compareCore(a, b) || comparePrerelease(a.prerelease, b.prerelease);
}

/** A range of versions, over tags. */
export interface TagRange {
  readonly canonical: string;
  /** The cost to keep it, and to judge one tag. */
  readonly comparators: number;
  /** What it admits lies between these, both included; a prerelease counts as its version. Null: no bound. */
  readonly least: Core | null;
  readonly most: Core | null;
  matches(tag: string): boolean;
  /** As `matches`, of a tag that was read. */
  admits(version: Version): boolean;
}

/**
 * Parses a node-semver range (`^1.27`, `>=1.2 <2`, `1.x || 2.x`). It keeps only numbers, because node-semver's
 * own object for a hundred comparators takes 27 KiB.
 * @throws PARAMETER_INVALID naming `parameter`
 */
export function parseTagRange(text: string, parameter = 'tag'): TagRange {
  const refuse = (what: string) =>
    invalidParameter(parameter, `${parameter}: ${JSON.stringify(text.slice(0, maxRangeLength))}: ${what}`);
  if (text.trim() === '') throw refuse('must not be empty, as in semver:^1.27');
  if (text.length > maxRangeLength) throw refuse(`must be at most ${maxRangeLength} characters`);
  const range = readRange(text);
  if (range === null) throw refuse('must be a node-semver range, as in ^1.27 or ">=1.2 <2"');
  const sets: readonly VersionSet[] = versionSets(range);
  const comparators = sets.reduce((sum, set) => sum + set.length, 0);
  if (comparators > maxComparators) {
    throw refuse(
      `has ${comparators} comparators (^1.27 counts as two): must have at most ${maxComparators}; split it into several ranges`,
    );
  }
  return {
    canonical: range.format() || '*',
    comparators,
    least: boundOf(sets, 'above'),
    most: boundOf(sets, 'below'),
    matches: (tag) => {
      const version = parseVersionTag(tag);
      return version !== null && versionsInclude(sets, version);
    },
    admits: (version) => versionsInclude(sets, version),
  };
}

function readRange(text: string): Range | null {
  try {
    return new Range(text);
  } catch {
    return null;
  }
}

/** A comparator as plain numbers: a tenth of the memory of node-semver's object, and of the time. */
interface VersionBound extends Version {
  /** Whether a version below, equal to or above this one fits. */
  readonly below: boolean;
  readonly equal: boolean;
  readonly above: boolean;
}

/** A version must fit all of them. */
type VersionSet = readonly VersionBound[];

const noPrerelease: Version['prerelease'] = [];

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
export function versionsInclude(sets: readonly VersionSet[], version: Version): boolean {
  return sets.some((set) => set.every((bound) => fits(bound, version)) && admitsPrerelease(set, version));
}

/** A prerelease is in a range only if the range names a prerelease of the same version (node-semver's rule). */
function admitsPrerelease(set: VersionSet, version: Version): boolean {
  if (version.prerelease.length === 0) return true;
  return set.some((bound) => bound.prerelease.length > 0 && compareCore(version, bound) === 0);
}

function fits(bound: VersionBound, version: Version): boolean {
  const order = compareCore(version, bound) || comparePrerelease(version.prerelease, bound.prerelease);
  if (order === 0) return bound.equal;
  return order < 0 ? bound.below : bound.above;
}

/**
 * The least version (`above`) or the greatest one (`below`) that one of the sets may admit; null: no bound.
 *
 * @param beyond on which side of a bound versions fit
 */
function boundOf(sets: readonly VersionSet[], beyond: 'above' | 'below'): Core | null {
  const sign = beyond === 'above' ? 1 : -1;
  let outermost: Core | null = null;
  for (const set of sets) {
    // Of one set, all bounds hold; `=` bounds both sides.
    const own = set.filter((bound) => !bound[beyond === 'above' ? 'below' : 'above']);
    const [first, ...rest] = own;
    if (first === undefined) return null;
    const inner = rest.reduce((a, b) => (sign * compareCore(b, a) > 0 ? b : a), first);
    if (outermost === null || sign * compareCore(inner, outermost) < 0) outermost = inner;
  }
  if (outermost === null) return null;
  const { major, minor, patch } = outermost;
  return { major, minor, patch };
}

/** A version without its prerelease. */
export type Core = Pick<Version, 'major' | 'minor' | 'patch'>;

/** Negative: `a` is less. */
export function compareCore(a: Core, b: Core): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch;
}

type Prerelease = Version['prerelease'];

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
