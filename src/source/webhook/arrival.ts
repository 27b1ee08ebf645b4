import type { FastifyRequest } from 'fastify';
import type { HeldMemory } from './body/memory.ts';
import type { Head, Headers } from './kind.ts';
import type { Receiver } from './receive.ts';

/** One request at a hook, from its head on. */
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

  constructor(receiver: Receiver, { headers, ip, method, params }: FastifyRequest) {
    this.receiver = receiver;
    // A GET has no body that a content type could describe: its payload is always JSON.
    this.headers = method === 'GET' ? { ...headers, 'content-type': 'application/json' } : headers;
    const token =
      typeof params === 'object' && params !== null && 'token' in params ? params.token : undefined;
    this.pathToken = typeof token === 'string' ? token : undefined;
    this.address = ip;
  }
}
