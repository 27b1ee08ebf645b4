import type { Socket } from 'node:net';
import proxyAddr from '@fastify/proxy-addr';
import { addressGroup } from '../lib/address-group.ts';
import { Counts } from '../lib/counts.ts';
import type { Counter, Metrics } from '../lib/metrics.ts';
import { tellsAddressesApart } from './connection-limits.ts';

/** Sockets of one address beyond its subscribers. */
export const otherSocketsPerAddress = 200;

/** `config.limits`, as far as it bounds sockets. */
export interface SocketsOfAddress {
  readonly connections: number;
  readonly connectionsPerAddress: number;
}

/** Whether there is room for a new connection; always true if addresses are not told apart. */
type AcceptsSocket = (socket: Socket) => boolean;

/** @param trustProxy their sockets are not counted */
export function socketLimitsOf(
  limits: SocketsOfAddress,
  trustProxy: readonly string[],
  metrics: Metrics,
): AcceptsSocket {
  const perAddress = limits.connectionsPerAddress + otherSocketsPerAddress;
  const sockets = new SocketLimits({ perAddress, exempt: trustProxy, metrics });
  return tellsAddressesApart(limits) ? (socket) => sockets.accepts(socket) : () => true;
}

interface SocketLimitOptions {
  /** Most open sockets of one remote address group. */
  readonly perAddress: number;
  /** Proxies, which bring many clients: addresses or CIDR ranges. */
  readonly exempt: readonly string[];
  readonly metrics: Metrics;
}

/**
 * Counts open sockets by remote address (an IPv6 /64 is one). The limits of subscribers do not see idle keep-alive
 * connections, with which one address could take every place.
 */
export class SocketLimits {
  readonly #perAddress: number;
  readonly #isExempt: (address: string, hop: number) => boolean;
  readonly #refusals: Counter;
  readonly #addresses = new Map<Socket, string>();
  readonly #counts = new Counts<string>();

  /** One for all sockets: a closure for each would need more memory than the count. */
  readonly #onClose: (this: Socket) => void;

  constructor(options: SocketLimitOptions) {
    this.#perAddress = options.perAddress;
    this.#isExempt = options.exempt.length === 0 ? () => false : proxyAddr.compile([...options.exempt]);
    const leave = (socket: Socket) => this.#leave(socket);
    this.#onClose = function (this: Socket) {
      leave(this);
    };
    this.#refusals = options.metrics.counter(
      'sockets_refused_total',
      'Connections closed at once because their address had too many',
    );
  }

  /** Counts the socket in until it closes. False: over the limit, close it. */
  accepts(socket: Socket): boolean {
    const { remoteAddress } = socket;
    // Gone already, or a proxy.
    if (remoteAddress === undefined || this.#isExempt(remoteAddress, 0)) return true;
    const address = addressGroup(remoteAddress);
    if (this.#counts.of(address) >= this.#perAddress) {
      this.#refusals.inc();
      return false;
    }
    this.#counts.add(address);
    // A closed socket may not know its address any more.
    this.#addresses.set(socket, address);
    socket.on('close', this.#onClose);
    return true;
  }

  #leave(socket: Socket): void {
    const address = this.#addresses.get(socket);
    if (address === undefined) return;
    this.#addresses.delete(socket);
    this.#counts.add(address, -1);
  }
}
