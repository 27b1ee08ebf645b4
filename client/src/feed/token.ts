import { childOf } from '../abort.ts';
import { type Clock, wait } from '../clock.ts';
import { FeedError, networkError } from '../feed-error.ts';

/**
 * A token, or a function that gives one. The function is asked at each connection, and once more if the gateway does
 * not know the token. Null: no token.
 */
export type Token = string | (() => Given | Promise<Given>);

/** An empty one is none, as an empty variable is. */
type Given = string | null | undefined;

/** What a header may hold (RFC 9110, 5.5). */
const sendable = /^[\x20-\x7e\x80-\xff]*$/;

/** Time that a token function may take, ms. */
export const tokenMs = 30_000;

/** Gives the token of each connection. */
export class TokenSource {
  /** Whether asking again may give another one. */
  readonly canChange: boolean;
  readonly #token: Token | null;
  readonly #clock: Clock;

  constructor(token: Token | null, clock: Clock) {
    this.#token = token;
    this.#clock = clock;
    this.canChange = typeof token === 'function';
  }

  /**
   * @throws FeedError UNAUTHORIZED if no header can hold it: no gateway would know it, and the runtime's error would
   * quote it
   */
  async get(signal: AbortSignal): Promise<string | null> {
    const token = await this.#read(signal);
    if (!token) return null;
    if (sendable.test(token)) return token;
    throw new FeedError('UNAUTHORIZED', 'read token: must be one line that a header may hold');
  }

  /** @throws FeedError NETWORK if the function fails, TIMEOUT if it takes too long: the client asks again later */
  async #read(signal: AbortSignal): Promise<Given> {
    const token = this.#token;
    if (typeof token !== 'function') return token;
    const late = childOf(signal);
    try {
      return await Promise.race([this.#call(token), this.#tooLate(late.signal)]);
    } finally {
      late.end();
    }
  }

  async #call(token: () => Given | Promise<Given>): Promise<Given> {
    try {
      return await token();
    } catch (cause) {
      throw networkError('ask for the token: the function failed', cause);
    }
  }

  async #tooLate(signal: AbortSignal): Promise<never> {
    await wait(this.#clock, tokenMs, signal);
    throw new FeedError('TIMEOUT', `ask for the token: no answer within ${tokenMs / 1_000} s`);
  }
}
