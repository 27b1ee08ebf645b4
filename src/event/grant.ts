import type { Change } from './change.ts';
import type { Filter } from './filter.ts';

/** What a token allows a client to do, or with open access any client. */
export interface Grant {
  /** Name of the token, for logs; `anonymous` with open access. */
  readonly name: string;
  /** Equal for grants that allow the same repositories. */
  readonly key: string;
  /** The token's name, whose connections all share its limits. Null with open access. */
  readonly owner: string | null;
  /** Canonical repositories and globs that the client may subscribe to. */
  readonly patterns: readonly string[];
  /** May change the pace, and see the state of upstreams. */
  readonly admin: boolean;
  /** May read the metrics, which name repositories. */
  readonly metrics: boolean;
  /** May ask for `pace=none`. */
  readonly unpaced: boolean;
  /** @param repositoryKey `registry/repository` */
  allows(repositoryKey: string): boolean;
}

/** Whether a subscriber gets a change: the grant first, then the filter. @param repositoryKey of the change */
export function allowsAndMatches(
  grant: Grant,
  filter: Filter,
  change: Change,
  repositoryKey: string,
): boolean {
  return grant.allows(repositoryKey) && filter.matchesRepository(repositoryKey) && filter.matchesRest(change);
}
