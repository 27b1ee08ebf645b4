import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import proxyAddr from '@fastify/proxy-addr';
import { addressGroup } from '../lib/address-group.ts';
import type { Clock } from '../lib/clock.ts';
import { Counts } from '../lib/counts.ts';
import type { Log } from '../lib/log.ts';
import type { Counter, Metrics } from '../lib/metrics.ts';
import { type SocketsOfAddress, tellsAddressesApart } from './connection-limits.ts';

/** Sockets of one address beyond its subscribers. */
export const otherSocketsPerAddress = 200;

/**
 * @param trustProxy their sockets are not counted
 * @returns whether there is room for a new connection; always true if addresses are not told apart
 */
export function socketLimitsOf(
  limits: SocketsOfAddress,
  trustProxy: readonly string[],
  metrics: Metrics,
): (socket: Socket) => boolean {
  const perAddress = limits.connectionsPerAddress + otherSocketsPerAddress;
  const sockets = new SocketLimits(perAddress, trustProxy, metrics);
  return tellsAddressesApart(limits) ? (socket) => sockets.accepts(socket) : () => true;
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

  /**
   * @param perAddress most open sockets of one remote address group
   * @param exempt proxies, which bring many clients: addresses or CIDR ranges
   */
  constructor(perAddress: number, exempt: readonly string[], metrics: Metrics) {
    this.#perAddress = perAddress;
    this.#isExempt = exempt.length === 0 ? () => false : proxyAddr.compile([...exempt]);
    const leave = (socket: Socket) => this.#leave(socket);
    this.#onClose = function (this: Socket) {
      leave(this);
    };
    this.#refusals = metrics.counter(
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

const minuteMs = 60_000;

/** Bounds the sockets of `server`. The connections that this closes are counted, and logged once a minute. */
export function boundSockets(
  server: Server,
  maxSockets: number,
  { clock, log, metrics }: { readonly clock: Clock; readonly log: Log; readonly metrics: Metrics },
): void {
  const dropped = metrics.counter(
    'sockets_dropped_total',
    'Connections closed at once because there were too many',
  );
  let loggedAt = Number.NEGATIVE_INFINITY;
  let since = 0;
  server.maxConnections = maxSockets;
  server.on('drop', () => {
    dropped.inc();
    since++;
    if (clock.monotonic() - loggedAt < minuteMs) return;
    loggedAt = clock.monotonic();
    log.warn(
      { dropped: since },
      `accept connection: ${maxSockets} are open: closed at once: a client may hold many idle ones, or limits.connections is too low`,
    );
    since = 0;
  });
}
