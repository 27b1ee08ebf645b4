/** Which part of the index a request has to read, from its filter and its grant. */
import type { Filter } from '../../event/filter.ts';
import { isGlob } from '../../event/glob.ts';
import type { Grant } from '../../event/grant.ts';
import type { Within } from '../../ledger/queries.ts';

/** Most repositories of a grant that are named one by one; a grant with more is read as a whole. */
const maxNamed = 1_000;

/**
 * At least what passes both the filter and the grant, so that a row outside is not even looked at. Each row must still
 * be judged. Undefined: everything.
 */
export function withinOf(
  filter: Pick<Filter, 'repositories' | 'patterns'>,
  grant: Pick<Grant, 'patterns'>,
): Within | undefined {
  if (filter.patterns.length === 0) return { repositories: filter.repositories };
  const asked = commonFolder([...filter.patterns, ...filter.repositories]);
  if (grant.patterns.length <= maxNamed && !grant.patterns.some(isGlob)) {
    const repositories = grant.patterns.filter(
      (key) => asked === '' || key === asked || key.startsWith(`${asked}/`),
    );
    return { repositories };
  }
  const granted = commonFolder(grant.patterns);
  // If neither holds the other, no row passes both, whichever is read.
  const below = asked.length >= granted.length ? asked : granted;
  return below === '' ? undefined : { below };
}

/** The longest name that all of these are, or are below: `ghcr.io/a` for `ghcr.io/a/b*` and `ghcr.io/a`; '': none. */
function commonFolder(patterns: readonly string[]): string {
  let common: readonly string[] | null = null;
  for (const pattern of patterns) {
    const folder = literalFolder(pattern);
    if (common === null) common = folder;
    else {
      const differs = common.findIndex((segment, at) => segment !== folder[at]);
      if (differs >= 0) common = common.slice(0, differs);
    }
    if (common.length === 0) return '';
  }
  return (common ?? []).join('/');
}

/** The whole segments before the first wildcard. */
function literalFolder(pattern: string): readonly string[] {
  const segments = pattern.split('/');
  const first = segments.findIndex(isGlob);
  return first < 0 ? segments : segments.slice(0, first);
}
