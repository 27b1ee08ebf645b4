import type { RegistryRequest } from '../endpoint.ts';

/**
 * The `Link` header (RFC 8288) to the next page. It is path-absolute, because skopeo follows nothing else, and behind a
 * proxy that ends TLS an absolute link would name the wrong scheme. It has no `;` within, where skopeo would cut it,
 * and no token: proxies log it.
 *
 * @param parameters in order; null: left out
 */
export function nextLink(
  { path, base }: Pick<RegistryRequest, 'path' | 'base'>,
  parameters: Readonly<Record<string, string | null>>,
): { readonly link: string } {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...parameters, ns: base.namespace }))
    if (value !== null) query.set(name, value);
  return { link: `<${path}?${query}>; rel="next"` };
}
