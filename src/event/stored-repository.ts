import { BoundedMap } from '../lib/bounded-map.ts';
import { canonicalRepository, type RepositoryName } from './reference.ts';

/** Valid names remembered: a page of changes has few, and parsing is most of the cost of a check. */
export const maxKnownRepositories = 4_096;
const knownRepositories = new BoundedMap<string, true>(maxKnownRepositories);
/** The valid name that was asked for last: the changes of a repository often follow each other. */
let last: RepositoryName | null = null;

/** Whether a gateway can have stored this name. Names from other programs must not reach a registry. */
export function isStoredRepository(registry: string, repository: string): boolean {
  if (last !== null && repository === last.repository && registry === last.registry) return true;
  const key = `${registry} ${repository}`;
  if (!knownRepositories.has(key)) {
    const names = canonicalRepository(registry, repository);
    if (names?.registry !== registry || names.repository !== repository) return false;
    knownRepositories.set(key, true);
  }
  last = { registry, repository };
  return true;
}
