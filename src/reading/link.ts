/**
 * The `Link` header (RFC 8288) to the next page. It is path-absolute, because skopeo follows nothing else, and behind a
 * proxy that ends TLS an absolute link would name the wrong scheme. It has no `;` within, where skopeo would cut it,
 * and no token: proxies log it.
 *
 * @param path as the client wrote it
 */
export function nextLink(path: string, query: URLSearchParams): string {
  const kept = new URLSearchParams(query);
  kept.delete('access_token');
  return `<${path}?${kept}>; rel="next"`;
}
