import { UpstreamError } from './upstream-error.ts';

const maxHeaderLength = 8192;

/**
 * The target of `Link: <…>; rel="next"` (RFC 8288), resolved against `base`; null if there is none.
 *
 * @throws UpstreamError `redirect` if it leads to another origin
 */
export function nextLink(header: string | null, base: URL): URL | null {
  if (header === null || header.length > maxHeaderLength) return null;
  for (const part of header.split(/,(?=\s*<)/)) {
    const match = /^\s*<([^>]*)>(.*)$/s.exec(part);
    if (match?.[1] === undefined || !/;\s*rel="?(?:[a-z]+ )*next\b/i.test(match[2] ?? '')) continue;
    const target = URL.parse(match[1], base.href);
    if (target === null)
      throw new UpstreamError('redirect', 'follow Link: not a URL: must be a URL or a path');
    if (target.origin === base.origin) return target;
    // Registries behind a TLS proxy name themselves `http`: stay at the origin that was asked.
    if (target.host === base.host || target.hostname === base.hostname) {
      return new URL(target.pathname + target.search, base);
    }
    throw new UpstreamError('redirect', `follow Link: leads to ${target.host}: must lead to ${base.host}`);
  }
  return null;
}
