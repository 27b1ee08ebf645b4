import { isIPv4, isIPv6, type Socket } from 'node:net';

const groupsOfAddress = 8;
const groupsOfNetwork = 4;

/**
 * The name under which limits count an address. One subscriber line gets a whole IPv6 /64 (RFC 6177, RFC 4291
 * 2.5.1), so a /64 counts as one address. An IPv4 address counts alone, even if it is written as IPv4-mapped IPv6
 * (`::ffff:192.0.2.1`, RFC 4291 2.5.5.2).
 * @param address an IP address in any spelling; a zone (`%eth0`) does not matter
 * @returns equal strings for addresses that count as one; a string that is no IP address, unchanged
 */
export function addressGroup(address: string): string {
  // IPv4, the usual case, has no colon.
  if (!address.includes(':')) return address;
  // How a listener on `::` shows an IPv4 client.
  if (address.startsWith('::ffff:') && isIPv4(address.slice(7))) return address.slice(7);
  const bare = address.split('%', 1)[0] ?? address;
  if (!isIPv6(bare)) return address;
  const groups = groupsOf(bare);
  return mappedIPv4(groups) ?? `${groups.slice(0, groupsOfNetwork).map(hex).join(':')}::/64`;
}

/** A client, for the log. */
export interface Client {
  readonly socket: Pick<Socket, 'remoteAddress'>;
  /** Its address group; behind a proxy, of the address that the proxy names. '': addresses are not told apart. */
  readonly address: string;
}

/** The socket's own address; behind a proxy, the client's address group. */
export function addressOf({ socket: { remoteAddress }, address }: Client): string {
  const isSocket = remoteAddress !== undefined && (address === '' || addressGroup(remoteAddress) === address);
  return isSocket ? remoteAddress : address;
}

function groupsOf(address: string): readonly number[] {
  const [head = '', tail] = address.split('::');
  const before = parseGroups(head);
  const after = tail === undefined ? [] : parseGroups(tail);
  const zeros = groupsOfAddress - before.length - after.length;
  return [...before, ...new Array<number>(Math.max(0, zeros)).fill(0), ...after];
}

/** A last part such as `192.0.2.1` stands for two groups. */
function parseGroups(text: string): readonly number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

function mappedIPv4(groups: readonly number[]): string | null {
  const [high = 0, low = 0] = groups.slice(6);
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  return isMapped ? [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.') : null;
}

const hex = (group: number) => group.toString(16);
