/** A subscription's filter: repositories (exact or glob), tags (exact, glob or semver range), change types, platforms. */
import { invalidParameter } from '../errors.ts';
import { type Change, type ChangeType, changeTypes, defaultChangeTypes } from './change.ts';
import { compileGlob, isGlob, maxGlobLength, maxWildcards, type Work, wildcardsOf } from './glob.ts';
import { PatternList } from './pattern-list.ts';
import { parsePlatform } from './platform.ts';
import { isTag, refusing, repositoryKey } from './reference.ts';
import { parseRepositoryName, parseRepositoryPattern } from './repository-pattern.ts';
import { parseTagRange } from './semver-tag.ts';

/** An absent or empty member does not narrow the filter, except `type` (see `parseFilter`). */
export interface FilterInput {
  /** `[host/]name`, or a glob of one. A bare name is in the default registry. */
  readonly repository?: readonly string[];
  /** Exact tag, glob, or `semver:<range>`. */
  readonly tag?: readonly string[];
  /** A change type, `tag.*`, `manifest.*` or `*`. */
  readonly type?: readonly string[];
  /** `linux/amd64`. A `tag.updated` passes only if one of these moved, or if that is not known. */
  readonly platform?: readonly string[];
}

/** A parsed filter. Immutable, so that equal subscriptions share it. */
export interface Filter {
  /** Equal filters have equal keys. */
  readonly key: string;
  /** Exact repository keys, sorted. Some may match a pattern as well. */
  readonly repositories: readonly string[];
  /** Canonical globs over repository keys, sorted; `['**']` if no repository was given. */
  readonly patterns: readonly string[];
  /** Change types that pass it. */
  readonly types: ReadonlySet<ChangeType>;
  /** What a poll on demand has to look at: exact tags and globs; `['*']` without a tag, or with a semver range. */
  readonly tagScopes: readonly string[];
  /** Canonical exact tags, globs and ranges, sorted; none: any tag. */
  readonly tags: readonly string[];
  /** Sorted; none: any platform. Each is a step to judge a change. */
  readonly platforms: readonly string[];
  /** Wildcards in the repository globs: the cost to judge a repository. A lone `**` costs nothing. */
  readonly wildcards: number;
  /** Wildcards in the tag globs and comparators in the ranges: the cost to judge a tag. */
  readonly tagConditions: number;
  /** Estimated memory with its place in the index, bytes. 0 for a filter that matches everything. */
  readonly memoryBytes: number;
  /** @param key `registry/repository` */
  matchesRepository(key: string): boolean;
  /**
   * Prepares `matchesRepository` in parts, so that a thousand globs do not block the event loop.
   * @param from 0, then what the last call returned
   * @returns null if the verdict is known now; a number if `work` ran out: call again with it
   */
  judgeRepository(key: string, from: number, work: Work): number | null;
  /** Checks tag, type and platform only; the repository must match already. */
  matchesRest(change: Change): boolean;
  /**
   * As `matchesRest` without the platform: whether it may take the place of an earlier change of its tag that matched.
   * If such a change were not delivered, the move of the earlier one would be hidden.
   */
  mayReplace(change: Change): boolean;
  matches(change: Change): boolean;
  /** True for every tag if none was given. */
  matchesTag(tag: string): boolean;
}

interface FilterOptions {
  /** Host of bare names. */
  readonly defaultRegistry: string;
  /** Repositories and patterns together. */
  readonly maxRepositories: number;
  /** Most tags, globs and ranges together. Default 100. */
  readonly maxTags?: number;
  /** What errors call the member that holds the change types. Default `type`. */
  readonly typeName?: string;
}

const defaultMaxTags = 100;
/** Enough for each type and group once. */
const maxTypes = 20;
const maxPlatforms = 20;

const tagPatternGrammar = /^[A-Za-z0-9._*-]+$/;
const rangePrefix = 'semver:';

/**
 * Without `type` it takes `tag.*`. A `manifest.*` change has no tag, so it passes only if no `tag` is given.
 * @throws PARAMETER_INVALID naming `repository`, `tag`, `platform` or `typeName`
 */
export function parseFilter(input: FilterInput, options: FilterOptions): Filter {
  const repositories = new Set<string>();
  const patterns = new Set<string>();
  refuseMany('repository', input.repository, options.maxRepositories);
  for (const text of input.repository ?? []) {
    if (isGlob(text)) patterns.add(parseRepositoryPattern(text, options.defaultRegistry));
    else repositories.add(parseRepositoryName(text, options.defaultRegistry));
  }
  if (repositories.size + patterns.size === 0) patterns.add('**');
  refuseMany('tag', input.tag, options.maxTags ?? defaultMaxTags);
  const tags = distinct((input.tag ?? []).map(parseTag));
  const typeName = options.typeName ?? 'type';
  const types = parseTypes(input.type, typeName);
  if (tags.length > 0 && ![...types].some((type) => type.startsWith('tag.'))) {
    throw invalidParameter(
      typeName,
      `${typeName}: only manifest.* beside a tag, and such a change has no tag: must be left out, or the tag`,
    );
  }
  refuseMany('platform', input.platform, maxPlatforms);
  const platforms = [...new Set((input.platform ?? []).map((text) => parsePlatform(text)))].sort();
  return makeFilter({
    repositories: [...repositories].sort(),
    patterns: [...patterns].sort(),
    tags,
    types,
    platforms,
  });
}

interface TagMatcher {
  readonly canonical: string;
  readonly kind: 'exact' | 'glob' | 'range';
  /** Wildcards or comparators; 0 for an exact tag. */
  readonly conditions: number;
  matches(tag: string): boolean;
}

function distinct(tags: readonly TagMatcher[]): readonly TagMatcher[] {
  return [...new Map(tags.map((tag) => [tag.canonical, tag])).values()];
}

interface Checked {
  readonly repositories: readonly string[];
  readonly patterns: readonly string[];
  readonly tags: readonly TagMatcher[];
  readonly types: ReadonlySet<ChangeType>;
  readonly platforms: readonly string[];
}

function makeFilter({ repositories, patterns, tags, types, platforms }: Checked): Filter {
  const exactRepositories = new Set(repositories);
  const globs = new PatternList(patterns);
  const exactTags = new Set(tags.filter((tag) => tag.kind === 'exact').map((tag) => tag.canonical));
  const otherTags = tags.filter((tag) => tag.kind !== 'exact');
  const anyTag = tags.length === 0;
  const wantedPlatforms = new Set(platforms);
  const canonicalTags = tags.map((tag) => tag.canonical).sort();

  const matchesRepository = (key: string) => exactRepositories.has(key) || globs.matches(key);
  const matchesTag = (tag: string) =>
    anyTag || exactTags.has(tag) || otherTags.some((matcher) => matcher.matches(tag));
  const mayReplace = (change: Change) =>
    types.has(change.type) && (anyTag || (change.tag !== null && matchesTag(change.tag)));
  const matchesRest =
    platforms.length === 0
      ? mayReplace
      : (change: Change) => mayReplace(change) && mayHaveMoved(change, wantedPlatforms);
  const scopes = tagScopes(tags);
  const tagConditions = otherTags.reduce((sum, tag) => sum + tag.conditions, 0);
  return {
    key: JSON.stringify([repositories, patterns, canonicalTags, [...types].sort(), ...platforms]),
    repositories,
    patterns,
    types,
    tags: canonicalTags,
    platforms,
    tagScopes: scopes,
    wildcards: globs.wildcards,
    tagConditions,
    memoryBytes: filterMemory({ repositories, patterns, tags, platforms, scopes: scopes.length }),
    matchesRepository,
    judgeRepository: (key, from, work) => (exactRepositories.has(key) ? null : globs.judge(key, from, work)),
    matchesTag,
    matchesRest,
    mayReplace,
    matches: (change) => matchesRest(change) && matchesRepository(repositoryKey(change)),
  };
}

interface Parts {
  readonly repositories: readonly string[];
  readonly patterns: readonly string[];
  readonly tags: readonly TagMatcher[];
  readonly platforms: readonly string[];
  readonly scopes: number;
}

/** Whether one of the platforms moved, as far as known. What comes and what goes is different for all of them. */
function mayHaveMoved({ type, movedPlatforms }: Change, wanted: ReadonlySet<string>): boolean {
  if (type !== 'tag.updated' || movedPlatforms === undefined) return true;
  return movedPlatforms.some((platform) => wanted.has(platform));
}

/** Bytes, with the index, estimated from measurements on V8. An error of a few times does not matter. */
function filterMemory({ repositories, patterns, tags, platforms, scopes }: Parts): number {
  const isEverything = repositories.length + tags.length + platforms.length === 0 && patterns.join() === '**';
  if (isEverything) return 0;
  let bytes = 1_500 + repositories.length * scopes * 45;
  for (const name of repositories) bytes += 500 + 2 * name.length;
  for (const pattern of patterns) bytes += 600 + 2 * pattern.length + 40 * wildcardsOf(pattern);
  for (const platform of platforms) bytes += 120 + 2 * platform.length;
  for (const { canonical, conditions } of tags) bytes += 150 + 2 * canonical.length + 280 * conditions;
  return bytes;
}

function tagScopes(tags: readonly TagMatcher[]): readonly string[] {
  // A range says nothing about names, so every tag must be looked at.
  const scopes = tags.map((tag) => (tag.kind === 'range' ? '*' : tag.canonical));
  return scopes.length === 0 || scopes.includes('*') ? ['*'] : [...new Set(scopes)].sort();
}

function parseTag(text: string): TagMatcher {
  if (text.startsWith(rangePrefix)) {
    const range = parseTagRange(text.slice(rangePrefix.length));
    const canonical = `${rangePrefix}${range.canonical}`;
    return { kind: 'range', canonical, conditions: range.comparators, matches: range.matches };
  }
  const refuse = refusing('tag', text);
  if (isGlob(text)) {
    if (text.length > maxGlobLength) throw refuse(`a pattern must be at most ${maxGlobLength} characters`);
    if (!tagPatternGrammar.test(text)) {
      throw refuse('a tag pattern must consist of A-Z, a-z, 0-9, ".", "_", "-" and "*"');
    }
    // Tags have no segments, so `**` means the same as `*`.
    const canonical = text.replace(/\*+/g, '*');
    const wildcards = wildcardsOf(canonical);
    if (wildcards > maxWildcards) {
      throw refuse(`has ${wildcards} wildcards: a pattern must have at most ${maxWildcards}`);
    }
    return { kind: 'glob', canonical, conditions: wildcards, matches: compileGlob(canonical) };
  }
  if (!isTag(text)) {
    throw refuse(
      text.includes(':')
        ? 'must be a tag, a pattern or semver:<range>; digests cannot be subscribed to'
        : 'must match [A-Za-z0-9_][A-Za-z0-9._-]{0,127}, or be a pattern such as 1.* or semver:^1.27',
    );
  }
  return { kind: 'exact', canonical: text, conditions: 0, matches: (tag) => tag === text };
}

function parseTypes(texts: readonly string[] | undefined, name: string): ReadonlySet<ChangeType> {
  if (texts === undefined || texts.length === 0) return new Set(defaultChangeTypes);
  refuseMany(name, texts, maxTypes);
  const types = new Set<ChangeType>();
  for (const text of texts) {
    const chosen = changeTypes.filter(
      (type) => text === '*' || text === type || text === `${type.split('.', 1)[0]}.*`,
    );
    if (chosen.length === 0) {
      throw refusing(name, text)(`must be one of ${changeTypes.join(', ')}, tag.*, manifest.*, *`);
    }
    for (const type of chosen) types.add(type);
  }
  return types;
}

function refuseMany(parameter: string, values: readonly string[] | undefined, max: number): void {
  if (values !== undefined && values.length > max) {
    throw invalidParameter(parameter, `${parameter}: ${values.length} values: must be at most ${max}`);
  }
}
