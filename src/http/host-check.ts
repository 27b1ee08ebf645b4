import { isIP } from 'node:net';
import { ManifeedError } from '../errors.ts';

/** @throws ORIGIN_DENIED naming the Host */
export type HostCheck = (host: string | undefined) => void;

/** For listeners whose names nobody can know. */
export const anyHost: HostCheck = () => {};

/**
 * For a gateway on loopback that is open to everybody: a foreign page can have its own name resolve to
 * 127.0.0.1 (DNS rebinding), and is then of the same origin as the gateway to the visitor's browser. All that
 * is left of the truth is the name in `Host`.
 *
 * @param origins `cors.origins`: their hosts are accepted too
 */
export function loopbackHosts(origins: readonly string[]): HostCheck {
  const known = new Set(origins.map((origin) => new URL(origin).hostname));
  return (host) => {
    // Only HTTP/1.0 has none, and no browser speaks that.
    if (host === undefined) return;
    const name = host
      .toLowerCase()
      .replace(/:\d{1,5}$/, '')
      .replace(/\.$/, '');
    if (isLoopbackName(name) || known.has(name)) return;
    throw new ManifeedError(
      'ORIGIN_DENIED',
      `serve request: Host ${JSON.stringify(host.slice(0, 100))}: must be localhost or a loopback address, because access is open; for a proxy's clients set trustProxy`,
      { detail: { parameter: 'Host' } },
    );
  };
}

function isLoopbackName(name: string): boolean {
  if (name === 'localhost' || name.endsWith('.localhost') || name === '[::1]') return true;
  return isIP(name) === 4 && name.startsWith('127.');
}
