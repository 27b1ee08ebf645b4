import { ManifeedError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { Counts } from '../lib/counts.ts';
import { AddressBuckets } from './address-buckets.ts';

/** One address gets a quarter of `newConnectionsPerSecond`, so that it cannot use up everyone's. */
const addressPart = 4;
/** WebSockets of one address whose token is still to come. */
export const waitingPerAddress = 100;
/** Such WebSockets of all addresses: each holds a descriptor and a few kilobytes for at most ten seconds. */
export const waitingInAll = 1_000;

interface ConnectionLimitOptions {
  /** Subscribers at once. */
  readonly connections: number;
  /** Subscribers of one client address at once. */
  readonly connectionsPerAddress: number;
  /** New subscribers a second, with as many in one burst. */
  readonly newConnectionsPerSecond: number;
  readonly clock: Clock;
}

/**
 * Whether one address can reach its limit before all together reach theirs. If not, addresses are not needed:
 * asking a socket for its own is a system call, a twentieth of the cost of opening a stream.
 */
export function tellsAddressesApart(
  limits: Pick<ConnectionLimitOptions, 'connections' | 'connectionsPerAddress'>,
): boolean {
  return limits.connectionsPerAddress < limits.connections;
}

/**
 * Counts subscribers in and out. Only authorised clients come here, so strangers use up none of the common limits;
 * a WebSocket whose token is still to come waits in a separate share.
 *
 * Addresses are groups (`lib/address-group.ts`); '' if addresses are not told apart.
 */
export class ConnectionLimits {
  readonly #options: ConnectionLimitOptions;
  readonly #subscribers = new Counts<string>();
  readonly #waiting = new Counts<string>();
  readonly #waitingPerAddress: number;
  /** Null: addresses are not told apart. */
  readonly #buckets: AddressBuckets | null;
  #tokens: number;
  #refilledAt: number;

  constructor(options: ConnectionLimitOptions) {
    this.#options = options;
    const apart = tellsAddressesApart(options);
    this.#buckets = apart ? new AddressBuckets(this.#ratePerAddress) : null;
    this.#waitingPerAddress = apart ? waitingPerAddress : waitingInAll;
    this.#tokens = options.newConnectionsPerSecond;
    this.#refilledAt = options.clock.monotonic();
  }

  get count(): number {
    return this.#subscribers.total;
  }

  get #ratePerAddress(): number {
    return Math.max(1, Math.floor(this.#options.newConnectionsPerSecond / addressPart));
  }

  /** Counts a subscriber in, until it leaves. @throws TOO_MANY_CONNECTIONS; TOO_MANY_REQUESTS for this address */
  enter(address: string): void {
    const { connections, connectionsPerAddress, newConnectionsPerSecond, clock } = this.#options;
    const { total } = this.#subscribers;
    const ofAddress = this.#subscribers.of(address);
    const refuse = (code: 'TOO_MANY_CONNECTIONS' | 'TOO_MANY_REQUESTS', why: string) =>
      new ManifeedError(code, `subscribe: ${why}`);
    if (total >= connections) {
      throw refuse('TOO_MANY_CONNECTIONS', `${total} subscribers: must be under ${connections}`);
    }
    if (ofAddress >= connectionsPerAddress) {
      const need = `must be under ${connectionsPerAddress}`;
      throw refuse('TOO_MANY_REQUESTS', `${ofAddress} subscribers of this address: ${need}`);
    }
    // Before the common bucket: an address that is over its own share takes nothing from it.
    if (this.#buckets !== null && !this.#buckets.take(address, clock.monotonic())) {
      const need = `must be at most ${this.#ratePerAddress} new ones a second`;
      throw refuse('TOO_MANY_REQUESTS', `too many of this address at once: ${need}`);
    }
    if (!this.#take()) {
      const need = `must be at most ${newConnectionsPerSecond} new ones a second`;
      throw refuse('TOO_MANY_CONNECTIONS', `too many at once: ${need}`);
    }
    this.#subscribers.add(address);
  }

  leave(address: string): void {
    this.#subscribers.add(address, -1);
  }

  /** Counts in a WebSocket whose token is to come, until it leaves. @throws as `enter` */
  enterWaiting(address: string): void {
    const ofAddress = this.#waiting.of(address);
    const hint = 'or bring the token in the handshake';
    if (ofAddress >= this.#waitingPerAddress) {
      throw new ManifeedError(
        'TOO_MANY_REQUESTS',
        `open WebSocket: ${ofAddress} of this address wait for their token: must be under ${this.#waitingPerAddress}, ${hint}`,
      );
    }
    if (this.#waiting.total >= waitingInAll) {
      throw new ManifeedError(
        'TOO_MANY_CONNECTIONS',
        `open WebSocket: ${this.#waiting.total} wait for their token: must be under ${waitingInAll}, ${hint}`,
      );
    }
    this.#waiting.add(address);
  }

  leaveWaiting(address: string): void {
    this.#waiting.add(address, -1);
  }

  #take(): boolean {
    const { newConnectionsPerSecond: rate, clock } = this.#options;
    const now = clock.monotonic();
    this.#tokens = Math.min(rate, this.#tokens + ((now - this.#refilledAt) * rate) / 1000);
    this.#refilledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
