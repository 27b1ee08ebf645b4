import { BlockList, isIP, isIPv4 } from 'node:net';

/**
 * Addresses that a public registry must not send us to: IANA's special-purpose registries (RFC 6890), site-local
 * IPv6 (RFC 3879), and one Azure address that IANA does not list.
 */
const blocked = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // Azure's metadata and DNS host, which looks public.
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  blocked.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  // IPv4 within IPv6: IPv4-compatible (with `::` and `::1`), IPv4-translated (RFC 2765), NAT64 (RFC 6052, RFC
  // 8215) and 6to4. All are refused: the IPv4 address inside is not examined.
  ['::', 96],
  ['::ffff:0:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const) {
  blocked.addSubnet(network, prefix, 'ipv6');
}

/** BlockList treats an IPv4-mapped address (`::ffff:0:0/96`) in any spelling as its IPv4 address. */
export function isPrivateAddress(address: string): boolean {
  return blocked.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

/** The IP address in a URL's hostname, without IPv6 brackets; null for a name. */
export function addressInHostname(hostname: string): string | null {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(bare) === 0 ? null : bare;
}
