/** What is looked at in a repository: exact tags and patterns. Pure. */
import { compileGlob, isGlob } from '../../event/glob.ts';
import { isTag } from '../../event/reference.ts';

/** A set of scopes. */
export interface Scopes {
  readonly all: readonly string[];
  readonly exact: readonly string[];
  readonly patterns: readonly string[];
  /** Names this set of scopes in a memo. */
  readonly hash: string;
  readonly matchesPattern: (tag: string) => boolean;
}

/** Most scopes of one repository; with more, the whole repository is looked at. */
export const maxScopes = 256;

/** @param texts exact tags and globs; anything else is dropped */
export function compileScopes(texts: Iterable<string>): Scopes {
  let all = [...new Set(texts)].filter((text) => isGlob(text) || isTag(text)).sort();
  // `*` includes every other scope, and too many scopes cost more than the whole repository.
  if (all.length > maxScopes || all.some(matchesEverything)) all = ['*'];
  const patterns = all.filter(isGlob);
  return {
    all,
    exact: all.filter((text) => !isGlob(text)),
    patterns,
    hash: hashOf(all),
    matchesPattern: anyOf(patterns),
  };
}

function anyOf(patterns: readonly string[]): (tag: string) => boolean {
  if (patterns.some(matchesEverything)) return () => true;
  const matchers = patterns.map(compileGlob);
  return (tag) => matchers.some((matches) => matches(tag));
}

/** Whether every tag of the repository is looked at. */
export function coversAll({ all }: Scopes): boolean {
  return all.some(matchesEverything);
}

/** Whether `wider` includes all of `scopes`. */
export function covers(wider: readonly string[], scopes: readonly string[]): boolean {
  const exact = new Set(wider);
  if (exact.has('*') || exact.has('**')) return true;
  const matches = anyOf(wider.filter(isGlob));
  return scopes.every((scope) => exact.has(scope) || (!isGlob(scope) && matches(scope)));
}

/** Whether both name the same, in the same order. */
export function sameScopes(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, index) => text === other[index]);
}

/** Whether a tag is among the exact tags, or matches a glob. */
export function matcherOf(scopes: readonly string[]): (tag: string) => boolean {
  const matches = anyOf(scopes.filter(isGlob));
  const exact = new Set(scopes);
  return (tag) => exact.has(tag) || matches(tag);
}

function matchesEverything(pattern: string): boolean {
  return pattern === '*' || pattern === '**';
}

/** FNV-1a, 32 bits: a collision only makes one look treat unknown tags as baselined. */
function hashOf(texts: readonly string[]): string {
  let hash = 0x811c9dc5;
  for (const character of texts.join('\n')) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  return (hash >>> 0).toString(36);
}
