import { ManifeedError } from '../errors.ts';
import { BoundedMap } from '../lib/bounded-map.ts';
import type { Clock } from '../lib/clock.ts';
import { Counts } from '../lib/counts.ts';
import { type BucketRule, LeakyBucket } from '../lib/leaky-bucket.ts';

/** One address gets a quarter of `newConnectionsPerSecond`, so that it cannot use up everyone's. */
const addressPart = 4;
/** WebSockets of one address whose token is still to come. */
export const waitingPerAddress = 100;
/** Such WebSockets of all addresses: each holds a descriptor and a few kilobytes for at most ten seconds. */
export const waitingInAll = 1_000;

/** `config.limits`, as far as it bounds sockets. */
export interface SocketsOfAddress {
  /** Subscribers at once. */
  readonly connections: number;
  /** Subscribers of one client address at once. */
  readonly connectionsPerAddress: number;
}

interface ConnectionLimitOptions extends SocketsOfAddress {
  /** New subscribers a second, with as many in one burst. */
  readonly newConnectionsPerSecond: number;
  readonly clock: Clock;
}

/**
 * Whether one address can reach its limit before all together reach theirs. If not, addresses are not needed:
 * asking a socket for its own is a system call, a twentieth of the cost of opening a stream.
 */
export function tellsAddressesApart(limits: SocketsOfAddress): boolean {
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
  /** Of new subscribers, with one second of burst. */
  readonly #bucket = new LeakyBucket();
  readonly #rule: BucketRule;

  constructor(options: ConnectionLimitOptions) {
    this.#options = options;
    const apart = tellsAddressesApart(options);
    this.#buckets = apart ? new AddressBuckets(this.#ratePerAddress) : null;
    this.#waitingPerAddress = apart ? waitingPerAddress : waitingInAll;
    const perSecond = options.newConnectionsPerSecond;
    this.#rule = { capacity: perSecond, perSecond };
  }

  get count(): number {
    return this.#subscribers.total;
  }

  /** Most subscribers at once. */
  get most(): number {
    return this.#options.connections;
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
    if (!this.#bucket.addIfFits(1, this.#rule, clock.monotonic())) {
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
}

/** Most addresses remembered. Above it the one that was quiet for longest is forgotten, and starts again. */
export const maxBuckets = 10_000;

/** Old entries checked in one call. */
const forgottenAtOnce = 2;

/** Rounding errors of sums of fractions, ms. */
const tolerance = 1e-6;

/**
 * A token bucket for each address, with one second of burst. It keeps one number for each: when its bucket is full
 * again (generic cell rate algorithm, ITU-T I.371). A full bucket needs no entry.
 */
export class AddressBuckets {
  readonly #stepMs: number;
  readonly #fullAt = new BoundedMap<string, number>(maxBuckets);

  /** @param perSecond what each address may take, > 0 */
  constructor(perSecond: number) {
    this.#stepMs = 1_000 / perSecond;
  }

  get size(): number {
    return this.#fullAt.size;
  }

  /** Takes one; false: this address has none left. @param now monotonic ms */
  take(address: string, now: number): boolean {
    const fullAt = Math.max(this.#fullAt.get(address) ?? now, now) + this.#stepMs;
    if (fullAt - now > Math.max(1_000, this.#stepMs) + tolerance) return false;
    // Moves it to the end: the first in the map have been quiet for longest.
    this.#fullAt.renew(address, fullAt);
    this.#forget(now);
    return true;
  }

  #forget(now: number): void {
    let looks = 0;
    for (const [address, fullAt] of this.#fullAt) {
      if (fullAt <= now) this.#fullAt.delete(address);
      if (++looks >= forgottenAtOnce) return;
    }
  }
}
