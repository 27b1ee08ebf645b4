import { isIP } from 'node:net';
import proxyAddr from '@fastify/proxy-addr';

/** The client's address, given the socket's and `X-Forwarded-For`. */
type ClientAddress = (socketAddress: string, forwardedFor: string | undefined) => string;

/** Addresses read from one header. */
const maxHops = 32;

/** Walks `X-Forwarded-For` from the right while `trusted` (addresses, CIDR ranges) match, as `request.ip` does. */
export function clientAddress(trusted: readonly string[]): ClientAddress {
  if (trusted.length === 0) return (socketAddress) => socketAddress;
  const trusts = proxyAddr.compile([...trusted]);
  return (socketAddress, forwardedFor) => {
    let address = socketAddress;
    for (const [index, hop] of nearestHops(forwardedFor).entries()) {
      if (!trusts(address, index)) break;
      address = hop;
    }
    return address;
  };
}

/**
 * The part of `X-Forwarded-For` that names addresses; undefined: none. fastify's `request.ip` takes any string for
 * an address, so a client behind a proxy could have as many as it likes.
 */
export function tidyForwardedFor(forwardedFor: string | undefined): string | undefined {
  const hops = nearestHops(forwardedFor);
  return hops.length === 0 ? undefined : hops.reverse().join(', ');
}

/** The addresses from the right end on, up to the first string that is none. */
function nearestHops(forwardedFor: string | undefined): string[] {
  const hops: string[] = [];
  for (const text of (forwardedFor ?? '').split(',').slice(-maxHops).reverse()) {
    const address = withoutPort(text.trim());
    if (address === null) break;
    hops.push(address);
  }
  return hops;
}

const withPort = /^(?:\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?|([0-9.]+):\d{1,5})$/;

/** Some proxies write `ip:port`. A zone (`fe80::1%eth0`) is free text, and means nothing on another machine. */
function withoutPort(text: string): string | null {
  const match = withPort.exec(text);
  const address = match?.[1] ?? match?.[2] ?? text;
  return isIP(address) === 0 || address.includes('%') ? null : address;
}
