import { nextLink } from '../../reading/link.ts';
import type { RegistryRequest } from '../endpoint.ts';

/**
 * The header that leads to the next page of a list: the same path, and of the parameters those that the list knows.
 *
 * @param parameters in order; null: left out
 */
export function linkOf(
  { path, base }: Pick<RegistryRequest, 'path' | 'base'>,
  parameters: Readonly<Record<string, string | null>>,
): { readonly link: string } {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...parameters, ns: base.namespace }))
    if (value !== null) query.set(name, value);
  return { link: nextLink(path, query) };
}
