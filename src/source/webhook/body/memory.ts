import { ManifeedError } from '../../../errors.ts';
import { addressGroup } from '../../../lib/address-group.ts';
import { Counts } from '../../../lib/counts.ts';

/** 64 bodies of the default cap; ordinary deliveries have some kilobytes. */
export const defaultMaxBufferedBytes = 256 * 1024 * 1024;
/** All unproven senders together may use one part of this many. */
const unprovenPart = 2;
/** The unproven senders of one address may use one part of this many. */
const addressPart = 8;

interface BodyMemoryOptions {
  readonly maxBytes: number;
  /** The largest body that any hook takes. No part is smaller, or that body could never be sent. */
  readonly largestBodyBytes: number;
}

/**
 * Bounds the bytes of webhook bodies that have arrived and are in memory. A sender that its head has proved may
 * use all of it. Any other sender may be anyone: each address may use a part, and all of them together a larger
 * part.
 */
export class BodyMemory {
  readonly #maxBytes: number;
  readonly #maxUnprovenBytes: number;
  readonly #maxBytesPerAddress: number;
  readonly #byAddress = new Counts<string>();
  #usedBytes = 0;

  constructor({ maxBytes, largestBodyBytes }: BodyMemoryOptions) {
    this.#maxBytes = maxBytes;
    this.#maxUnprovenBytes = Math.max(Math.floor(maxBytes / unprovenPart), largestBodyBytes);
    this.#maxBytesPerAddress = Math.max(Math.floor(maxBytes / addressPart), largestBodyBytes);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get addresses(): number {
    return this.#byAddress.size;
  }

  /** @param address of an unproven sender; null: the head proved the sender */
  open(address: string | null): HeldMemory {
    return new HeldMemory(this, address === null ? null : addressGroup(address));
  }

  /**
   * Takes bytes; a negative number gives them back. For `HeldMemory`.
   *
   * @throws UNAVAILABLE if they do not fit
   */
  take(group: string | null, bytes: number): void {
    if (bytes > 0) this.#checkRoom(group, bytes);
    this.#usedBytes += bytes;
    if (group !== null) this.#byAddress.add(group, bytes);
  }

  #checkRoom(group: string | null, bytes: number): void {
    if (group !== null) {
      check('bytes of bodies from this address', this.#byAddress.of(group), bytes, this.#maxBytesPerAddress);
      check('bytes of bodies not yet verified', this.#byAddress.total, bytes, this.#maxUnprovenBytes);
    }
    check('bytes of bodies', this.#usedBytes, bytes, this.#maxBytes);
  }
}

/** @throws UNAVAILABLE */
function check(what: string, used: number, more: number, max: number): void {
  if (used + more <= max) return;
  throw new ManifeedError(
    'UNAVAILABLE',
    `take webhook: ${used} ${what} under way: must be at most ${max} with this one`,
  );
}

/** What the body of one delivery holds. */
export class HeldMemory {
  readonly #memory: BodyMemory;
  readonly #group: string | null;
  #bytes = 0;

  constructor(memory: BodyMemory, group: string | null) {
    this.#memory = memory;
    this.#group = group;
  }

  /**
   * Sets how many bytes the body needs now.
   *
   * @throws UNAVAILABLE if they do not fit; the sender tries again
   */
  resize(bytes: number): void {
    this.#memory.take(this.#group, bytes - this.#bytes);
    this.#bytes = bytes;
  }

  /** Idempotent. */
  release(): void {
    this.resize(0);
  }
}
