/**
 * How many bytes of webhook bodies may be in memory at once. Bytes count when they have arrived, whatever length
 * was announced. A sender that its head has proved may use all of it. All others need their body to prove who they
 * are, and may be anybody: each address may use a part, and all of them together leave room for the rest.
 */
import { ManifeedError } from '../../../errors.ts';
import { addressGroup } from '../../../lib/address-group.ts';

/** Sixty-four bodies of the default cap; ordinary deliveries have some kilobytes. */
export const defaultMaxBufferedBytes = 256 * 1024 * 1024;
/** The unproven senders may use one in so many parts, all together. */
const unprovenPart = 2;
/** The unproven senders of one address may use one in so many parts. */
const addressPart = 8;

export interface BodyMemoryOptions {
  /** For all bodies together. */
  readonly maxBytes: number;
  /** The largest body that any hook takes: a part is never smaller, or that body could not be sent at all. */
  readonly largestBodyBytes: number;
}

export class BodyMemory {
  readonly #maxBytes: number;
  readonly #maxUnprovenBytes: number;
  readonly #maxBytesPerAddress: number;
  /** Only addresses with a body under way. */
  readonly #byAddress = new Map<string, number>();
  #usedBytes = 0;
  #unprovenBytes = 0;

  constructor({ maxBytes, largestBodyBytes }: BodyMemoryOptions) {
    this.#maxBytes = maxBytes;
    this.#maxUnprovenBytes = Math.max(Math.floor(maxBytes / unprovenPart), largestBodyBytes);
    this.#maxBytesPerAddress = Math.max(Math.floor(maxBytes / addressPart), largestBodyBytes);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Addresses with a body under way. */
  get addresses(): number {
    return this.#byAddress.size;
  }

  /** @param address of an unproven sender; null: the head has proved the sender */
  open(address: string | null): HeldMemory {
    return new HeldMemory(this, address === null ? null : addressGroup(address));
  }

  /**
   * Takes bytes, or gives them back where the number is negative. For `HeldMemory`.
   *
   * @throws UNAVAILABLE where they do not fit
   */
  take(group: string | null, bytes: number): void {
    if (bytes > 0) this.#checkRoom(group, bytes);
    this.#usedBytes += bytes;
    if (group === null || bytes === 0) return;
    this.#unprovenBytes += bytes;
    const rest = (this.#byAddress.get(group) ?? 0) + bytes;
    if (rest === 0) this.#byAddress.delete(group);
    else this.#byAddress.set(group, rest);
  }

  #checkRoom(group: string | null, bytes: number): void {
    if (group !== null) {
      check(
        'bytes of bodies from this address',
        this.#byAddress.get(group) ?? 0,
        bytes,
        this.#maxBytesPerAddress,
      );
      check('bytes of bodies not yet verified', this.#unprovenBytes, bytes, this.#maxUnprovenBytes);
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

/** The memory of one body. */
export class HeldMemory {
  readonly #memory: BodyMemory;
  readonly #group: string | null;
  #bytes = 0;

  constructor(memory: BodyMemory, group: string | null) {
    this.#memory = memory;
    this.#group = group;
  }

  /**
   * Says how many bytes the body needs now.
   *
   * @throws UNAVAILABLE where they do not fit; the sender comes back
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
