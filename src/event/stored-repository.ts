import { BoundedMap } from '../lib/bounded-map.ts';
import { canonicalRepository } from './reference.ts';

/** Valid names remembered: a page of changes has few, and parsing is most of the cost of a check. */
export const maxKnownRepositories = 4_096;
const knownRepositories = new BoundedMap<string, true>(maxKnownRepositories);

/** Whether a gateway can have stored this name. Names from other programs must not reach a registry. */
export function isStoredRepository(registry: string, repository: string): boolean {
  const key = `${registry} ${repository}`;
  if (knownRepositories.has(key)) return true;
  const names = canonicalRepository(registry, repository);
  if (names?.registry !== registry || names.repository !== repository) return false;
  knownRepositories.set(key, true);
  return true;
}
