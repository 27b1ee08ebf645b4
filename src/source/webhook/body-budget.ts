/**
 * How many bytes of webhook bodies may be under way at once. Each body is capped, but a thousand connections of
 * strangers could each send one that large, and none is verified before it is complete.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ManifeedError } from '../../errors.ts';

/** Sixty-four bodies of the default cap; ordinary deliveries have some kilobytes. */
export const defaultMaxBufferedBytes = 256 * 1024 * 1024;

export class BodyBudget {
  readonly #maxBytes: number;
  #usedBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /**
   * Sets the announced length aside (or the cap, where none is announced) until the response ends.
   *
   * @throws UNAVAILABLE where it does not fit; the sender comes back
   */
  reserve(request: IncomingMessage, response: ServerResponse, capBytes: number): void {
    const announced = Number(request.headers['content-length'] ?? capBytes);
    const bytes = Math.min(Number.isFinite(announced) ? announced : capBytes, capBytes);
    if (this.#usedBytes + bytes > this.#maxBytes) {
      throw new ManifeedError(
        'UNAVAILABLE',
        `take webhook: ${this.#usedBytes} bytes of bodies under way: must be at most ${this.#maxBytes} with this one`,
      );
    }
    this.#usedBytes += bytes;
    let isReleased = false;
    const release = () => {
      if (isReleased) return;
      isReleased = true;
      this.#usedBytes -= bytes;
    };
    // A sender that goes away ends in `close` only; one whose connection lives on in `finish`.
    response.once('finish', release);
    response.once('close', release);
  }
}
