import { ManifeedError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';

export interface ConnectionLimitOptions {
  /** Subscribers at once. */
  readonly connections: number;
  /** Subscribers of one client address at once. */
  readonly connectionsPerAddress: number;
  /** New subscribers a second, with as many in one burst. */
  readonly newConnectionsPerSecond: number;
  readonly clock: Clock;
}

/**
 * Whether one address can reach its limit before all together reach theirs. Where it can't, nobody need know
 * addresses: to ask a socket for its own is a system call, a twentieth of what opening a stream costs.
 */
export function tellsAddressesApart(
  limits: Pick<ConnectionLimitOptions, 'connections' | 'connectionsPerAddress'>,
): boolean {
  return limits.connectionsPerAddress < limits.connections;
}

/** Counts subscribers in and out. Its memory is one number per address that has any. */
export class ConnectionLimits {
  readonly #options: ConnectionLimitOptions;
  readonly #byAddress = new Map<string, number>();
  #count = 0;
  #tokens: number;
  #refilledAt: number;

  constructor(options: ConnectionLimitOptions) {
    this.#options = options;
    this.#tokens = options.newConnectionsPerSecond;
    this.#refilledAt = options.clock.monotonic();
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Counts one in, until it leaves.
   *
   * @throws TOO_MANY_CONNECTIONS, or TOO_MANY_REQUESTS for what this one address does
   */
  enter(address: string): void {
    const { connections, connectionsPerAddress, newConnectionsPerSecond } = this.#options;
    const ofAddress = this.#byAddress.get(address) ?? 0;
    if (this.#count >= connections) {
      throw new ManifeedError(
        'TOO_MANY_CONNECTIONS',
        `subscribe: ${this.#count} subscribers: must be under ${connections}`,
      );
    }
    if (ofAddress >= connectionsPerAddress) {
      throw new ManifeedError(
        'TOO_MANY_REQUESTS',
        `subscribe: ${ofAddress} subscribers of this address: must be under ${connectionsPerAddress}`,
      );
    }
    if (!this.#take()) {
      throw new ManifeedError(
        'TOO_MANY_CONNECTIONS',
        `subscribe: too many at once: must be at most ${newConnectionsPerSecond} new ones a second`,
      );
    }
    this.#count++;
    this.#byAddress.set(address, ofAddress + 1);
  }

  leave(address: string): void {
    this.#count--;
    const rest = (this.#byAddress.get(address) ?? 1) - 1;
    if (rest <= 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, rest);
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
