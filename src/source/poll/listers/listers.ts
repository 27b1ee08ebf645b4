import type { RegistryOptions } from '../options.ts';
import { acr } from './acr.ts';
import { dockerHub } from './docker-hub.ts';
import { gar } from './gar.ts';
import { generic } from './generic.ts';
import { harbor } from './harbor.ts';
import type { Lister } from './lister.ts';
import { quay } from './quay.ts';

const all: readonly Lister[] = [generic, dockerHub, quay, harbor, acr, gar];

/** By name, as in `registries[].kind`. */
export const listers: ReadonlyMap<string, Lister> = new Map(all.map((lister) => [lister.name, lister]));

/**
 * The lister of a registry: the configured one, else the one whose hosts match, else `generic`.
 *
 * @throws Error for a kind that the configuration should have refused
 */
export function listerOf({ kind, host }: Pick<RegistryOptions, 'kind' | 'host'>): Lister {
  const found = kind === undefined ? all.find(({ hosts }) => hosts?.test(host) === true) : listers.get(kind);
  if (found !== undefined) return found;
  if (kind === undefined) return generic;
  throw new Error(`find lister: ${kind}: must have been checked`);
}
