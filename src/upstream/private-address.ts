import { BlockList, isIP, isIPv4 } from 'node:net';

/**
 * Addresses that a public registry has no business to send us to: the special-purpose registries of IANA
 * (RFC 6890), site-local IPv6 (RFC 3879), and one address of Azure that no registry of IANA lists.
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
  // IPv4 within IPv6: IPv4-compatible (with `::` and `::1`), IPv4-translated (RFC 2765), NAT64 (RFC 6052, RFC 8215)
  // and 6to4. The IPv4 address within is not looked at, so all are refused.
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

/**
 * Whether an IP address belongs to a private, local or otherwise special network. An IPv4-mapped address
 * (`::ffff:0:0/96`), however it is spelled, counts as the IPv4 address in it: BlockList sees to that.
 */
export function isPrivateAddress(address: string): boolean {
  return blocked.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

/** The address in a URL's hostname, without IPv6 brackets; null where it is a name to be resolved. */
export function addressInHostname(hostname: string): string | null {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(bare) === 0 ? null : bare;
}
