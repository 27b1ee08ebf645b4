/**
 * A subscription's filter: repositories (exact or glob), tags (exact, glob or semver range) and change types.
 * Parsed once into canonical form; equal filters have equal keys, so that thousands of subscribers can share
 * one object. It knows no subscriber and no ledger.
 */
import { invalidParameter } from '../errors.ts';
import { type Change, type ChangeType, changeTypes, defaultChangeTypes } from './change.ts';
import { compileGlob, isGlob, maxGlobLength, maxWildcards, type Work, wildcardsOf } from './glob.ts';
import { PatternList } from './pattern-list.ts';
import { isTag, repositoryKey } from './reference.ts';
import { parseRepositoryName, parseRepositoryPattern } from './repository-pattern.ts';
import { parseTagRange } from './semver-tag.ts';

/** What a client asks for; an absent or empty member does not narrow (save `type`, see `parseFilter`). */
export interface FilterInput {
  /** `[host/]name`, or a glob of one. A bare name is in the default registry. */
  readonly repository?: readonly string[];
  /** Exact tag, glob, or `semver:<range>`. */
  readonly tag?: readonly string[];
  /** A change type, `tag.*`, `manifest.*` or `*`. */
  readonly type?: readonly string[];
}

export interface Filter {
  /** Canonical text: equal filters have equal keys. */
  readonly key: string;
  /** Exact repository keys, sorted. One of them may match a pattern as well. */
  readonly repositories: readonly string[];
  /** Glob patterns over repository keys, canonical, sorted; `['**']` when no repository was given. */
  readonly patterns: readonly string[];
  /** What a poll on demand has to look at: exact tags and globs; `['*']` for no tag and for semver ranges. */
  readonly tagScopes: readonly string[];
  /** Wildcards of the repository globs: what a repository costs to judge. `**` by itself costs nothing. */
  readonly wildcards: number;
  /** Wildcards of the tag globs and comparators of the ranges: what a tag costs to judge. */
  readonly tagConditions: number;
  /** About what it takes to keep, with its place in the index, bytes. Nothing for a filter for everything. */
  readonly memoryBytes: number;
  /** @param key `registry/repository` */
  matchesRepository(key: string): boolean;
  /**
   * Prepares `matchesRepository` in parts, so that a thousand globs do not hold up the process.
   *
   * @param from 0, then what the last call returned
   * @returns null: it is known now; a number: `work` ran out, call again with that
   */
  judgeRepository(key: string, from: number, work: Work): number | null;
  /** Tag and type only: the caller has already matched the repository. */
  matchesRest(change: Change): boolean;
  matches(change: Change): boolean;
  /** Whether a tag passes; true for every tag when none was given. */
  matchesTag(tag: string): boolean;
}

export interface FilterOptions {
  /** Host of bare names. */
  readonly defaultRegistry: string;
  /** Repositories and patterns together, at most. */
  readonly maxRepositories: number;
  /** Tags, globs and ranges together, at most. Default 100. */
  readonly maxTags?: number;
  /** What the client calls the change types, for errors. Default `type`. */
  readonly typeName?: string;
}

const defaultMaxTags = 100;
/** Each type and group once is all that makes sense; more is a mistake or an attack. */
const maxTypes = 20;
/** Longest text quoted in a message. */
const maxQuoted = 300;

const tagPatternGrammar = /^[A-Za-z0-9._*-]+$/;
const rangePrefix = 'semver:';

/**
 * Parses and canonicalises a filter. Without `type` it takes `tag.*`. A `manifest.*` change has no tag, so it
 * passes only where no `tag` is given.
 *
 * @throws PARAMETER_INVALID naming `repository`, `tag` or `type` (as `typeName` has it)
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
      'parse filter: only manifest.* types beside a tag: a manifest.* change has no tag, leave one of the two out',
    );
  }
  return makeFilter([...repositories].sort(), [...patterns].sort(), tags, types);
}

/** One accepted tag expression. */
interface TagMatcher {
  readonly canonical: string;
  readonly kind: 'exact' | 'glob' | 'range';
  /** Wildcards or comparators; 0 for an exact tag. */
  readonly conditions: number;
  matches(tag: string): boolean;
}

/** Equal conditions are judged once. */
function distinct(tags: readonly TagMatcher[]): readonly TagMatcher[] {
  return [...new Map(tags.map((tag) => [tag.canonical, tag])).values()];
}

function makeFilter(
  repositories: readonly string[],
  patterns: readonly string[],
  tags: readonly TagMatcher[],
  types: ReadonlySet<ChangeType>,
): Filter {
  const exactRepositories = new Set(repositories);
  const globs = new PatternList(patterns);
  const exactTags = new Set(tags.filter((tag) => tag.kind === 'exact').map((tag) => tag.canonical));
  const otherTags = tags.filter((tag) => tag.kind !== 'exact');
  const anyTag = tags.length === 0;
  const canonicalTags = tags.map((tag) => tag.canonical).sort();

  const matchesRepository = (key: string) => exactRepositories.has(key) || globs.matches(key);
  const matchesTag = (tag: string) =>
    anyTag || exactTags.has(tag) || otherTags.some((matcher) => matcher.matches(tag));
  const matchesRest = (change: Change) =>
    types.has(change.type) && (anyTag || (change.tag !== null && matchesTag(change.tag)));
  const scopes = tagScopes(tags);
  const tagConditions = otherTags.reduce((sum, tag) => sum + tag.conditions, 0);
  return {
    key: JSON.stringify([repositories, patterns, canonicalTags, [...types].sort()]),
    repositories,
    patterns,
    tagScopes: scopes,
    wildcards: globs.wildcards,
    tagConditions,
    memoryBytes: filterMemory({ repositories, patterns, tags, scopes: scopes.length }),
    matchesRepository,
    judgeRepository: (key, from, work) => (exactRepositories.has(key) ? null : globs.judge(key, from, work)),
    matchesTag,
    matchesRest,
    matches: (change) => matchesRest(change) && matchesRepository(repositoryKey(change)),
  };
}

interface Parts {
  readonly repositories: readonly string[];
  readonly patterns: readonly string[];
  readonly tags: readonly TagMatcher[];
  readonly scopes: number;
}

/**
 * As measured on V8, with the index and the accounts: a name is there twice, in the filter's key and by itself.
 * An estimate is enough; what matters is that nothing costs ten times as much as it is charged.
 */
function filterMemory({ repositories, patterns, tags, scopes }: Parts): number {
  const isEverything = repositories.length === 0 && tags.length === 0 && patterns.join() === '**';
  if (isEverything) return 0;
  let bytes = 1_500 + repositories.length * scopes * 45;
  for (const name of repositories) bytes += 500 + 2 * name.length;
  for (const pattern of patterns) bytes += 600 + 2 * pattern.length + 40 * wildcardsOf(pattern);
  for (const { canonical, conditions } of tags) bytes += 150 + 2 * canonical.length + 280 * conditions;
  return bytes;
}

function tagScopes(tags: readonly TagMatcher[]): readonly string[] {
  // A range says nothing about names, so every tag has to be looked at.
  const scopes = tags.map((tag) => (tag.kind === 'range' ? '*' : tag.canonical));
  return scopes.length === 0 || scopes.includes('*') ? ['*'] : [...new Set(scopes)].sort();
}

function parseTag(text: string): TagMatcher {
  if (text.startsWith(rangePrefix)) {
    const range = parseTagRange(text.slice(rangePrefix.length));
    const canonical = `${rangePrefix}${range.canonical}`;
    return { kind: 'range', canonical, conditions: range.comparators, matches: range.matches };
  }
  const refuse = refusal('tag', text);
  if (isGlob(text)) {
    if (text.length > maxGlobLength) throw refuse(`a pattern must be at most ${maxGlobLength} characters`);
    if (!tagPatternGrammar.test(text)) {
      throw refuse('a tag pattern must consist of A-Z, a-z, 0-9, ".", "_", "-" and "*"');
    }
    // Tags have no segments, so here `**` says no more than `*`.
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
      throw refusal(name, text)(`must be one of ${changeTypes.join(', ')}, tag.*, manifest.*, *`);
    }
    for (const type of chosen) types.add(type);
  }
  return types;
}

function refuseMany(parameter: string, values: readonly string[] | undefined, max: number): void {
  if (values !== undefined && values.length > max) {
    throw invalidParameter(
      parameter,
      `parse filter: ${values.length} values of ${parameter}: at most ${max}`,
    );
  }
}

function refusal(parameter: string, text: string): (what: string) => Error {
  return (what) =>
    invalidParameter(parameter, `parse ${parameter}: ${JSON.stringify(text.slice(0, maxQuoted))}: ${what}`);
}
