/** What a request shows on its way: when the head of its answer came, and whether bytes came behind it. */
import type { Fetch } from '../../../client/src/index.ts';
import type { Clock } from '../../lib/clock.ts';

/** The head of an answer. */
export interface Head {
  readonly status: number;
  /** Where it came from, after redirects; null: not told. */
  readonly origin: string | null;
  /** The header `Date`, ms since the epoch; null: absent, or no date. */
  readonly dateMs: number | null;
  /** By this machine's clock, ms since the epoch. */
  readonly sentAt: number;
  readonly cameAt: number;
}

/** Passes requests on, and remembers what came last. */
export class Tap {
  head: Head | null = null;
  /** Whether a byte of the body came. */
  hasBytes = false;
  readonly #send: Fetch;
  readonly #clock: Clock;

  constructor({ fetch, clock }: { readonly fetch: Fetch; readonly clock: Clock }) {
    this.#send = fetch;
    this.#clock = clock;
  }

  readonly fetch: Fetch = async (url, init) => {
    const sentAt = this.#clock.now();
    const { status, headers, body, url: from = '' } = await this.#send(url, init);
    const dateMs = Date.parse(headers.get('date') ?? '');
    const cameAt = this.#clock.now();
    const origin = from === '' ? null : new URL(from).origin;
    this.head = { status, origin, dateMs: Number.isNaN(dateMs) ? null : dateMs, sentAt, cameAt };
    return { status, headers, body: body === null ? null : { getReader: () => this.#heard(body) } };
  };

  #heard(body: { getReader: NonNullable<Awaited<ReturnType<Fetch>>['body']>['getReader'] }) {
    const reader = body.getReader();
    return {
      cancel: () => reader.cancel(),
      read: async () => {
        const chunk = await reader.read();
        if (chunk.value !== undefined && chunk.value.length > 0) this.hasBytes = true;
        return chunk;
      },
    };
  }
}
