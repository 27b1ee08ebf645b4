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

import { Range, SemVer } from 'semver';
import { invalidParameter } from '../errors.ts';
import { rememberLast } from '../lib/remember-last.ts';
import { type VersionSet, versionSets, versionsInclude } from './version-set.ts';

/** In characters, as for node-semver's versions. */
export const maxRangeLength = 256;
/** `^1.27` has two: `>=1.27` and `<2`. */
export const maxComparators = 16;

const versionGrammar = /^[vV]?([0-9]{1,15})(?:\.([0-9]{1,15}))?(?:\.([0-9]{1,15}))?(?:([-_])(.+))?$/;
const prereleaseGrammar =
  /^(?:alpha|beta|rc|cr|pre|preview|prerelease|dev|snapshot|nightly|canary|next|ea|m|a|b)?[.-]?[0-9]|^(?:alpha|beta|rc|cr|pre|preview|prerelease|dev|snapshot|nightly|canary|next|ea)(?:$|[._-])/i;

/** Null if it is no version. Remembers the last tag, because many ranges judge one tag in a row. */
export const parseVersionTag = rememberLast((tag: string): SemVer | null => {
  const match = versionGrammar.exec(tag);
  if (match === null) return null;
  const [, major, minor, patch, separator, suffix] = match;
  const core = [major, minor, patch].map((part) => Number(part ?? 0)).join('.');
  const prerelease =
    separator === '-' && suffix !== undefined && prereleaseGrammar.test(suffix) ? suffix : null;
  return new SemVer(prerelease === null ? core : `${core}-${prereleaseIdentifiers(prerelease)}`);
});

/** Turns a suffix into node-semver's dotted identifiers: no `_`, no empty part, no leading zero. */
function prereleaseIdentifiers(suffix: string): string {
  const beforeBuild = suffix.split('_', 1)[0] ?? '';
  const parts = beforeBuild.split('.').filter((part) => part !== '');
  return parts.map((part) => (/^[0-9]+$/.test(part) ? part.replace(/^0+(?=[0-9])/, '') : part)).join('.');
}

interface TagRange {
  readonly canonical: string;
  /** The cost to keep it, and to judge one tag. */
  readonly comparators: number;
  matches(tag: string): boolean;
}

/**
 * Parses a node-semver range (`^1.27`, `>=1.2 <2`, `1.x || 2.x`). It keeps only numbers, because node-semver's
 * own object for a hundred comparators takes 27 KiB.
 * @throws PARAMETER_INVALID naming `tag`
 */
export function parseTagRange(text: string): TagRange {
  const refuse = (what: string) =>
    invalidParameter('tag', `parse range: ${JSON.stringify(text.slice(0, maxRangeLength))}: ${what}`);
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
    matches: (tag) => {
      const version = parseVersionTag(tag);
      return version !== null && versionsInclude(sets, version);
    },
  };
}

function readRange(text: string): Range | null {
  try {
    return new Range(text);
  } catch {
    return null;
  }
}
