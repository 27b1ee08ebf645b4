import type { HeldMemory } from './body/memory.ts';
import type { Head, Headers } from './kind.ts';
import type { Receiver } from './receive.ts';

export class Arrival implements Head {
  readonly receiver: Receiver;
  readonly headers: Headers;
  readonly pathToken: string | undefined;
  /** The sender's address; behind trusted proxies, the one that they name. */
  readonly address: string;
  /** Whether the sender has proved who it is; never true for a hook without proofs. */
  isVerified = false;
  memory: HeldMemory | null = null;
  /** Null until it is read whole. */
  body: Buffer | null = null;

  constructor(receiver: Receiver, head: Head, address: string) {
    this.receiver = receiver;
    this.headers = head.headers;
    this.pathToken = head.pathToken;
    this.address = address;
  }
}
