/**
 * A subscription's filter: repositories (exact or glob), tags (exact, glob or semver range) and change types.
 * Parsed once into canonical form; equal filters have equal keys, so that thousands of subscribers can share
 * one object. It knows no subscriber and no ledger.
 */
import { invalidParameter } from '../errors.ts';
import { type Change, type ChangeType, changeTypes, defaultChangeTypes } from './change.ts';
import { canonicalGlob, compileGlob, isGlob, maxGlobLength } from './glob.ts';
import {
  canonicalRegistry,
  canonicalRepository,
  dockerHub,
  isTag,
  repositoryKey,
  splitHost,
} from './reference.ts';
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
  /** Globs of repositories and tags, and ranges. */
  readonly globs: number;
  /** What it takes to keep: each repository for each tag scope, and each glob, tag and range. */
  readonly entries: number;
  /** @param key `registry/repository` */
  matchesRepository(key: string): boolean;
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

const hostPatternGrammar = /^[a-z0-9.*:[\]-]+$/;
const namePatternGrammar = /^[a-z0-9._*-]+(?:\/[a-z0-9._*-]+)*$/;
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
    else repositories.add(parseRepository(text, options.defaultRegistry));
  }
  if (repositories.size + patterns.size === 0) patterns.add('**');
  refuseMany('tag', input.tag, options.maxTags ?? defaultMaxTags);
  const tags = (input.tag ?? []).map(parseTag);
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
  matches(tag: string): boolean;
}

function makeFilter(
  repositories: readonly string[],
  patterns: readonly string[],
  tags: readonly TagMatcher[],
  types: ReadonlySet<ChangeType>,
): Filter {
  const exactRepositories = new Set(repositories);
  // At first use: the index of groups finds most changes' readers without, and a thousand globs are a megabyte.
  let repositoryMatchers: readonly ((key: string) => boolean)[] | null = null;
  const matchesPattern = (key: string) => {
    repositoryMatchers ??= patterns.map(compileGlob);
    return repositoryMatchers.some((matches) => matches(key));
  };
  const exactTags = new Set(tags.filter((tag) => tag.kind === 'exact').map((tag) => tag.canonical));
  const otherTags = tags.filter((tag) => tag.kind !== 'exact');
  const anyTag = tags.length === 0;
  const canonicalTags = [...new Set(tags.map((tag) => tag.canonical))].sort();

  const matchesRepository = (key: string) => exactRepositories.has(key) || matchesPattern(key);
  const matchesTag = (tag: string) =>
    anyTag || exactTags.has(tag) || otherTags.some((matcher) => matcher.matches(tag));
  const matchesRest = (change: Change) =>
    types.has(change.type) && (anyTag || (change.tag !== null && matchesTag(change.tag)));
  const scopes = tagScopes(tags);
  return {
    key: JSON.stringify([repositories, patterns, canonicalTags, [...types].sort()]),
    repositories,
    patterns,
    tagScopes: scopes,
    globs: patterns.length + otherTags.length,
    entries: repositories.length * scopes.length + patterns.length + tags.length,
    matchesRepository,
    matchesTag,
    matchesRest,
    matches: (change) => matchesRest(change) && matchesRepository(repositoryKey(change)),
  };
}

function tagScopes(tags: readonly TagMatcher[]): readonly string[] {
  // A range says nothing about names, so every tag has to be looked at.
  const scopes = tags.map((tag) => (tag.kind === 'range' ? '*' : tag.canonical));
  return scopes.length === 0 || scopes.includes('*') ? ['*'] : [...new Set(scopes)].sort();
}

function parseRepository(text: string, defaultRegistry: string): string {
  const refuse = refusal('repository', text);
  if (text.includes('@')) throw refuse('must not hold a digest: subscribe to the repository alone');
  const { registry, name } = splitHost(text, defaultRegistry);
  if (name.includes(':')) throw refuse(tagInRepository(text, name));
  const names = canonicalRepository(registry, name);
  if (names === null) {
    throw refuse(
      canonicalRegistry(registry) === null
        ? 'the host must be a DNS name or an address, with an optional port'
        : 'must be [host[:port]/]name with lower-case path segments of a-z, 0-9, ".", "_", "-"',
    );
  }
  return repositoryKey(names);
}

function tagInRepository(text: string, name: string): string {
  const colon = name.indexOf(':');
  if (!text.includes('/') && /^[0-9]+$/.test(name.slice(colon + 1)) && name.includes('.')) {
    return `names a host without a repository: for everything there ask for "${name}/**"`;
  }
  return `must not hold a tag: give repository=${name.slice(0, colon)} and tag=${name.slice(colon + 1, colon + 129)}`;
}

/**
 * A pattern's host may be globbed where it is recognisable as one: it has a dot, a port, or a `**`. Otherwise
 * the pattern speaks of the default registry, as a bare name does.
 */
function parseRepositoryPattern(text: string, defaultRegistry: string): string {
  const refuse = refusal('repository', text);
  if (text.length > maxGlobLength) throw refuse(`a pattern must be at most ${maxGlobLength} characters`);
  if (text.includes('@')) throw refuse('must not hold a digest: subscribe to the repository alone');
  const canonical = canonicalGlob(text);
  const firstSegment = canonical.split('/', 1)[0] ?? '';
  if (firstSegment.includes('**')) {
    const rest = canonical.slice(firstSegment.length + 1);
    const hostFits = hostPatternGrammar.test(firstSegment) || namePatternGrammar.test(firstSegment);
    if (!hostFits || (canonical !== firstSegment && !namePatternGrammar.test(rest))) {
      throw refuse(patternRule);
    }
    return canonical;
  }
  const { registry, name } = splitHost(canonical, defaultRegistry);
  if (name.includes(':')) throw refuse(tagInRepository(canonical, name));
  const host = isGlob(registry) ? registry.toLowerCase() : canonicalRegistry(registry);
  if (host === null || !hostPatternGrammar.test(host)) {
    throw refuse('the host must be a DNS name or an address, with an optional port, or a glob of one');
  }
  if (!namePatternGrammar.test(name)) throw refuse(patternRule);
  // Docker Hub has no names of one segment: there `nginx*` means `library/nginx*`, as `nginx` does.
  const inLibrary = host === dockerHub && !name.includes('/') && !name.includes('**');
  const pattern = `${host}/${inLibrary ? `library/${name}` : name}`;
  if (pattern.length > maxGlobLength) {
    throw refuse(`a pattern with its host must be at most ${maxGlobLength} characters`);
  }
  return pattern;
}

const patternRule =
  'a pattern must have lower-case path segments of a-z, 0-9, ".", "_", "-" and "*", as in team/** or *.example.com/team/**';

function parseTag(text: string): TagMatcher {
  if (text.startsWith(rangePrefix)) {
    const range = parseTagRange(text.slice(rangePrefix.length));
    return { kind: 'range', canonical: `${rangePrefix}${range.canonical}`, matches: range.matches };
  }
  const refuse = refusal('tag', text);
  if (isGlob(text)) {
    if (text.length > maxGlobLength) throw refuse(`a pattern must be at most ${maxGlobLength} characters`);
    if (!tagPatternGrammar.test(text)) {
      throw refuse('a tag pattern must consist of A-Z, a-z, 0-9, ".", "_", "-" and "*"');
    }
    // Tags have no segments, so here `**` says no more than `*`.
    const canonical = text.replace(/\*+/g, '*');
    return { kind: 'glob', canonical, matches: compileGlob(canonical) };
  }
  if (!isTag(text)) {
    throw refuse(
      text.includes(':')
        ? 'must be a tag, a pattern or semver:<range>; digests cannot be subscribed to'
        : 'must match [A-Za-z0-9_][A-Za-z0-9._-]{0,127}, or be a pattern such as 1.* or semver:^1.27',
    );
  }
  return { kind: 'exact', canonical: text, matches: (tag) => tag === text };
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
