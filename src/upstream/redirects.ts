/** Redirects of a registry: where they lead, and which are not followed. */
import type { Answer } from './exchange.ts';
import type { UpstreamOptions } from './options.ts';
import { addressInHostname, isPrivateAddress } from './private-address.ts';
import { headerOf } from './rate-limit.ts';
import { UpstreamError } from './upstream-error.ts';

/** Where an answer sends the request; null: it is no redirect. @throws UpstreamError `redirect` */
export function redirectTarget(reply: Answer & { readonly url: URL }): URL | null {
  if (![301, 302, 303, 307, 308].includes(reply.status)) return null;
  const location = headerOf(reply.headers, 'location');
  if (location === null || !URL.canParse(location, reply.url.href)) {
    throw new UpstreamError('redirect', `follow redirect of ${reply.url.host}: no usable Location`);
  }
  return new URL(location, reply.url);
}

/**
 * Checks the scheme and a literal address. The addresses of a name are checked while connecting.
 *
 * @throws UpstreamError `redirect`
 */
export function refuseRedirect(from: URL, to: URL, options: UpstreamOptions): void {
  const { plainHttp = false, allowPrivateRedirects: allowPrivate = false } = options;
  if (to.protocol !== 'https:' && !(to.protocol === 'http:' && plainHttp && from.protocol === 'http:')) {
    throw new UpstreamError(
      'redirect',
      `follow redirect of ${from.host}: ${to.protocol} refused: must be https:`,
    );
  }
  if (to.username !== '' || to.password !== '') {
    throw new UpstreamError('redirect', `follow redirect of ${from.host}: credentials in the URL refused`);
  }
  // Another port of the same address is another service: a registry must not make us call its neighbours.
  const address = addressInHostname(to.hostname);
  if (to.origin !== from.origin && address !== null && isPrivateAddress(address) && !allowPrivate) {
    throw new UpstreamError('redirect', `follow redirect of ${from.host}: to ${to.host}, a private address`);
  }
}
