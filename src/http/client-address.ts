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
    const hops = (forwardedFor ?? '').split(',').slice(-maxHops).reverse();
    for (const [index, hop] of hops.entries()) {
      const next = hop.trim();
      if (next === '' || !trusts(address, index)) break;
      address = next;
    }
    return address;
  };
}
