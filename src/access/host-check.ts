import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import { refusalOf } from '../errors.ts';

/** @throws ORIGIN_DENIED naming the Host */
export type HostCheck = (host: string | undefined) => void;

/** For gateways that DNS rebinding cannot harm. */
const anyHost: HostCheck = () => {};

interface HostOptions {
  readonly access: { readonly kind: 'open' | 'tokens' };
  readonly cors: { readonly origins: readonly string[] };
  readonly hosts: readonly string[];
  readonly trustProxy: readonly string[];
}

/** The gateway answers to `hosts`; if empty, to all, except with open access and no trusted proxy (DNS rebinding). */
export function hostCheckOf({ access, cors, hosts, trustProxy }: HostOptions): HostCheck {
  const isExposed = access.kind === 'open' && trustProxy.length === 0;
  if (!isExposed && hosts.length === 0) return anyHost;
  return namedHosts([...hosts, ...cors.origins.map((origin) => new URL(origin).hostname)]);
}

/**
 * For a gateway that is open to everyone who can reach it. A foreign page can make its own name resolve to the
 * gateway's address (DNS rebinding), also within the visitor's network. The browser then gives both the same
 * origin, and only the name in `Host` shows the difference. An address is no such name, and a loopback name never
 * leaves the visitor's machine.
 *
 * @param names in any case of letters, without ports: `hosts`, and the hosts of `cors.origins`
 */
export function namedHosts(names: readonly string[]): HostCheck {
  const known = new Set(names.map((name) => name.toLowerCase()));
  return (host) => {
    // Only HTTP/1.0 has none, and no browser speaks that.
    if (host === undefined) return;
    const name = host
      .toLowerCase()
      .replace(/:\d{1,5}$/, '')
      .replace(/\.$/, '');
    if (isLoopbackName(name) || isAddress(name) || known.has(name)) return;
    const need = 'must be localhost, an IP address or a name in hosts';
    const what = `Host ${JSON.stringify(host.slice(0, 100))}: ${need}: if this is a name of the gateway, add it to hosts`;
    throw refusalOf('ORIGIN_DENIED', 'Host', `serve request: ${what}`);
  };
}

function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

function isAddress(name: string): boolean {
  return isIPv4(name) || (name.startsWith('[') && name.endsWith(']') && isIPv6(name.slice(1, -1)));
}

/** Refuses a second `Host` (RFC 9112, 3.2), which node:http ignores and a proxy may use. @throws REQUEST_INVALID */
export function requireOneHost({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): void {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') count++;
  }
  if (count <= 1) return;
  throw refusalOf('REQUEST_INVALID', 'Host', `read request: ${count} Host headers: must be one`);
}
