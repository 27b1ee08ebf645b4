/**
 * Finds the endpoint of a path. Routes are matched from the right: `a/manifests/b` is a name. No component of a name
 * begins with `_`, so `_oci` never is a part of one.
 */

import type { RegistryEndpoint } from './endpoint.ts';
import { digestInvalid, nameInvalid } from './errors.ts';

/** A path that was found. */
export interface Routed {
  readonly endpoint: RegistryEndpoint;
  /** Path components before the route, decoded. */
  readonly name: readonly string[];
  readonly argument: string;
}

/** Characters of a path: a name and a digest, twice as many for encoding. Longer ones are not taken apart. */
export const maxPathLength = 1_024;
const maxArgumentLength = 512;

/**
 * @param path after `/v2/`, without the query, as the client wrote it
 * @returns null: no endpoint has such a path
 * @throws RegistryError NAME_INVALID
 */
export function route(endpoints: readonly RegistryEndpoint[], path: string): Routed | null {
  if (path.length > maxPathLength) throw nameInvalid('too long');
  const components = path === '' ? [] : path.split('/').map(decode);
  for (const endpoint of endpoints) {
    const at = components.length - endpoint.route.length;
    if (at < 0 || (endpoint.of === 'root' && at > 0)) continue;
    if (at === 0 && (endpoint.of === 'repository' || endpoint.of === 'any-repository')) continue;
    if (!endpoint.route.every((each, index) => each === '*' || each === components[at + index])) continue;
    const argument = components[at + endpoint.route.indexOf('*')] ?? '';
    if (argument.length > maxArgumentLength) throw digestInvalid();
    return {
      endpoint,
      name: components.slice(0, at),
      argument: endpoint.route.includes('*') ? argument : '',
    };
  }
  return null;
}

/** Decoded one by one: an encoded slash does not divide, and is in no name. */
function decode(component: string): string {
  if (!component.includes('%')) return component;
  try {
    return decodeURIComponent(component);
  } catch {
    throw nameInvalid('a percent sign without two hexadecimal digits of UTF-8 behind it');
  }
}
