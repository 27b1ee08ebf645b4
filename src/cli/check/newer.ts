/** Which newer versions of a tag count, if nobody says so: the range of the words of `--newer`. */
import { compareVersions, type Version, versionKey } from '../../event/semver-tag.ts';

/** `patch`: 1.27.4 for 1.27.3. `minor`: 1.28.0 too. `major`: 2.0.0 too. `no`: none. */
export const newerWords = ['minor', 'patch', 'major', 'no'] as const;
export type NewerWord = (typeof newerWords)[number];

/**
 * The range that begins at the version of a tag. A tag that names only a part of a version moves within it, so there
 * newer is what comes behind that: for `1.27` it begins at 1.28.
 *
 * @returns null: the tag is no version, or nothing newer counts
 */
export function newerRange(tag: string, word: NewerWord): string | null {
  const { version, parts } = versionKey(tag);
  if (version === null || word === 'no') return null;
  const { major, minor, patch } = version;
  const isWhole = parts === 3 || version.prerelease.length > 0;
  const least = isWhole
    ? withPrerelease(`${major}.${minor}.${patch}`, version)
    : parts === 2
      ? `${major}.${minor + 1}.0`
      : `${major + 1}.0.0`;
  if (word === 'major') return `>=${least}`;
  if (word === 'minor') return isWhole || parts === 2 ? `>=${least} <${major + 1}.0.0` : null;
  return isWhole ? `>=${least} <${major}.${minor + 1}.0` : null;
}

function withPrerelease(text: string, { prerelease }: Version): string {
  return prerelease.length === 0 ? text : `${text}-${prerelease.join('.')}`;
}

/** Whether a tag is of a newer version than another one. Null: one of them is no version. */
export function isNewer(tag: string, than: string): boolean | null {
  const [a, b] = [versionKey(tag).version, versionKey(than).version];
  return a === null || b === null ? null : compareVersions(a, b) > 0;
}
