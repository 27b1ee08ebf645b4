import { type RepositoryName, repositoryKey } from '../../event/reference.ts';
import type { LedgerQueries, RepositoryListPage, RepositoryState } from '../../ledger/queries.ts';
import { maxStep, type Reading } from '../../reading/reading.ts';

/**
 * What is known of these repositories and their lists, by key; what nobody heard of is absent, and so is what the
 * request may read no more.
 *
 * @param keys at most 1,000, `registry/repository`; they may repeat
 */
export async function readListings(
  ledger: Pick<LedgerQueries, 'listRepositories'>,
  reading: Reading,
  keys: readonly string[],
): Promise<ReadonlyMap<string, RepositoryState>> {
  const found = new Map<string, RepositoryState>();
  const repositories = [...new Set(keys)];
  if (repositories.length === 0) return found;
  let after: RepositoryName | undefined;
  do {
    const from = after === undefined ? {} : { after };
    const page: RepositoryListPage = await reading.step(() =>
      ledger.listRepositories({ within: { repositories }, ...from, limit: maxStep }),
    );
    for (const state of page.repositories) found.set(repositoryKey(state), state);
    after = page.next ?? undefined;
  } while (after !== undefined && reading.hasRoom);
  return found;
}

/** RFC 3339: times are counted back from `now`, ms, because the ledger measures ages on a clock that does not step. */
export function timeBefore(now: number, ageMs: number | null): string | null {
  return ageMs === null ? null : new Date(now - ageMs).toISOString();
}

/** Of ages, ms. Null if one is not known. */
export function oldestOf(agesMs: readonly (number | null)[]): number | null {
  let oldest = 0;
  for (const ageMs of agesMs) {
    if (ageMs === null) return null;
    oldest = Math.max(oldest, ageMs);
  }
  return oldest;
}
