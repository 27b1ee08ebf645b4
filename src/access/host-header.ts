import type { IncomingMessage } from 'node:http';
import { ManifeedError } from '../errors.ts';

/**
 * Refuses a request that has more than one `Host` (RFC 9112, 3.2). node:http keeps the first and forgets the
 * others; a proxy in front may have judged another one.
 *
 * @throws REQUEST_INVALID
 */
export function requireOneHost({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): void {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') count++;
  }
  if (count <= 1) return;
  throw new ManifeedError('REQUEST_INVALID', `read request: ${count} Host headers: must be one`, {
    detail: { parameter: 'Host' },
  });
}
