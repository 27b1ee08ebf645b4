import { BoundedMap } from '../lib/bounded-map.ts';
import { canonicalRepository } from './reference.ts';

/** Names remembered as good: a page of changes has few, and the grammar costs more than all the rest of a check. */
export const maxKnownRepositories = 4_096;
const knownRepositories = new BoundedMap<string, true>(maxKnownRepositories);

/**
 * Whether a gateway can have stored this name: only canonical names are. Anything else came from another program,
 * and a poller would ask a registry for it.
 */
export function isStoredRepository(registry: string, repository: string): boolean {
  const key = `${registry} ${repository}`;
  if (knownRepositories.has(key)) return true;
  const names = canonicalRepository(registry, repository);
  if (names?.registry !== registry || names.repository !== repository) return false;
  knownRepositories.set(key, true);
  return true;
}
