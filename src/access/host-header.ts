import type { IncomingMessage } from 'node:http';
import { ManifeedError } from '../errors.ts';

/** Refuses a second `Host` (RFC 9112, 3.2), which node:http ignores and a proxy may use. @throws REQUEST_INVALID */
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
