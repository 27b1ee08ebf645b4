import type { Change } from './change.ts';
import type { Filter } from './filter.ts';

/** What a client may do: what its token allows, or with open access what everybody may. */
export interface Grant {
  /** Name of the token, for logs; `anonymous` with open access. */
  readonly name: string;
  /** Equal for grants that allow the same repositories. */
  readonly key: string;
  /** The token's name: all its connections share its limits. Null with open access. */
  readonly owner: string | null;
  /** Canonical repositories and globs that it may subscribe to. */
  readonly patterns: readonly string[];
  /** May change the pace and look at upstreams. */
  readonly admin: boolean;
  /** May see the metrics, which name repositories. */
  readonly metrics: boolean;
  /** May ask for `pace=none`. */
  readonly unpaced: boolean;
  /** @param repositoryKey `registry/repository` */
  allows(repositoryKey: string): boolean;
}

/** Whether a client with this grant receives the change through this filter. */
export function allowsAndMatches(
  grant: Grant,
  filter: Filter,
  change: Change,
  repositoryKey: string,
): boolean {
  return grant.allows(repositoryKey) && filter.matchesRepository(repositoryKey) && filter.matchesRest(change);
}
