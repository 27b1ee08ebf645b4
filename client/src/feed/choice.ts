import type { TransportName } from '../transport/transport.ts';

/** A connection that did not come through this often gives way to the next transport. */
const patience = 2;

/**
 * Which transport to use. `auto` begins with WebSocket and goes on to the next where one does not come through though
 * HTTP reaches the gateway. While the gateway is down it stays.
 */
export class TransportChoice {
  readonly #names: readonly TransportName[];
  #at = 0;
  #blocked = 0;

  constructor(asked: 'auto' | TransportName, hasWebSocket: boolean) {
    if (asked !== 'auto') this.#names = [asked];
    else this.#names = hasWebSocket ? ['websocket', 'sse', 'long-poll'] : ['sse', 'long-poll'];
  }

  get current(): TransportName {
    return this.#names[this.#at] ?? 'long-poll';
  }

  /** A transport brought what was asked for. */
  works(name: TransportName): void {
    if (name === this.current) this.#blocked = 0;
  }

  /** HTTP reaches the gateway, but this transport does not. */
  isBlocked(name: TransportName): void {
    if (name !== this.current || ++this.#blocked < patience) return;
    this.#blocked = 0;
    this.#at = (this.#at + 1) % this.#names.length;
  }
}
