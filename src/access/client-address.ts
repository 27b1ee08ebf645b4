import { isIP } from 'node:net';
import proxyAddr from '@fastify/proxy-addr';

/** The client's address, given the socket's and `X-Forwarded-For`. */
export type ClientAddress = (socketAddress: string, forwardedFor: string | undefined) => string;

/** Addresses that one header may bring; beyond it somebody is playing. */
const maxHops = 32;

/**
 * Walks `X-Forwarded-For` from its right end for as long as the proxies are trusted, as fastify's `request.ip`
 * does; the net front has no fastify request.
 *
 * @param trusted addresses or CIDR ranges
 */
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
 * What of an `X-Forwarded-For` names addresses, for whoever reads the header on his own: fastify's `request.ip`
 * would take any text for one, and a client behind a proxy would have as many addresses as it can think of.
 * Undefined where nothing is left.
 */
export function tidyForwardedFor(forwardedFor: string | undefined): string | undefined {
  const hops = nearestHops(forwardedFor);
  return hops.length === 0 ? undefined : hops.reverse().join(', ');
}

/** The addresses from the right end on, up to the first text that is none. */
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

/** Some proxies write `ip:port`. A zone (`fe80::1%eth0`) is free text, and of no other machine's concern. */
function withoutPort(text: string): string | null {
  const match = withPort.exec(text);
  const address = match?.[1] ?? match?.[2] ?? text;
  return isIP(address) === 0 || address.includes('%') ? null : address;
}
