import type { HeldMemory } from './body/memory.ts';
import type { Head, Headers } from './kind.ts';
import type { Receiver } from './receive.ts';

/** One request to a hook, and what is known about it so far. */
export class Arrival implements Head {
  readonly receiver: Receiver;
  readonly headers: Headers;
  readonly pathToken: string | undefined;
  /** The sender's; behind trusted proxies as they name it. */
  readonly address: string;
  /** Whether the sender has proved who it is. A hook without proofs tells nobody from a stranger. */
  isVerified = false;
  /** Null until the head was admitted. */
  memory: HeldMemory | null = null;
  /** Null until it was read whole. */
  body: Buffer | null = null;

  constructor(receiver: Receiver, head: Head, address: string) {
    this.receiver = receiver;
    this.headers = head.headers;
    this.pathToken = head.pathToken;
    this.address = address;
  }
}
