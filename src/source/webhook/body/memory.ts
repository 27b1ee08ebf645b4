/**
 * How many bytes of webhook bodies may be in memory at once. Bytes count when they have arrived, whatever length
 * was announced. A sender that its head has proved spends from the whole budget. All others need their body
 * to prove who they are, and may be anybody: each address has a share, and together they leave room for the rest.
 */
import { ManifeedError } from '../../../errors.ts';
import { addressGroup } from '../../../lib/address-group.ts';

/** Sixty-four bodies of the default cap; ordinary deliveries have some kilobytes. */
export const defaultMaxBufferedBytes = 256 * 1024 * 1024;
/** Of the budget, what all unproven senders together may use: one in so many parts. */
const unprovenPart = 2;
/** Of the budget, what the unproven senders of one address may use: one in so many parts. */
const addressPart = 8;

export interface BodyBudgetOptions {
  /** For all bodies together. */
  readonly maxBytes: number;
  /** The largest body that any hook takes: a share is never smaller, or that body could not be sent at all. */
  readonly largestBodyBytes: number;
}

/** What one body has of the budget. */
export interface BodyShare {
  /**
   * Says how much memory the body needs now.
   *
   * @throws UNAVAILABLE where it does not fit; the sender comes back
   */
  resize(bytes: number): void;
  /** Idempotent. */
  release(): void;
}

export class BodyBudget {
  readonly #maxBytes: number;
  readonly #maxUnprovenBytes: number;
  readonly #maxBytesPerAddress: number;
  /** Only addresses with a body under way. */
  readonly #byAddress = new Map<string, number>();
  #usedBytes = 0;
  #unprovenBytes = 0;

  constructor({ maxBytes, largestBodyBytes }: BodyBudgetOptions) {
    this.#maxBytes = maxBytes;
    this.#maxUnprovenBytes = Math.max(Math.floor(maxBytes / unprovenPart), largestBodyBytes);
    this.#maxBytesPerAddress = Math.max(Math.floor(maxBytes / addressPart), largestBodyBytes);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Addresses that have a share now. */
  get addresses(): number {
    return this.#byAddress.size;
  }

  /** @param address of an unproven sender; null: the head has proved the sender */
  open(address: string | null): BodyShare {
    const group = address === null ? null : addressGroup(address);
    let heldBytes = 0;
    return {
      resize: (bytes) => {
        if (bytes > heldBytes) this.#checkRoom(group, bytes - heldBytes);
        this.#add(group, bytes - heldBytes);
        heldBytes = bytes;
      },
      release: () => {
        this.#add(group, -heldBytes);
        heldBytes = 0;
      },
    };
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

  #add(group: string | null, bytes: number): void {
    this.#usedBytes += bytes;
    if (group === null || bytes === 0) return;
    this.#unprovenBytes += bytes;
    const rest = (this.#byAddress.get(group) ?? 0) + bytes;
    if (rest === 0) this.#byAddress.delete(group);
    else this.#byAddress.set(group, rest);
  }
}

function check(what: string, used: number, more: number, max: number): void {
  if (used + more <= max) return;
  throw new ManifeedError(
    'UNAVAILABLE',
    `take webhook: ${used} ${what} under way: must be at most ${max} with this one`,
  );
}
