/** A WebSocket subscriber: subscribes, counts changes, and resumes from its position. */
import { WebSocket } from 'k6/websockets';
import { countArrival } from './arrival.ts';
import { Chain, type WireChange } from './chain.ts';
import { measures } from './measures.ts';
import { type Settings, subscriberHeaders } from './settings.ts';

/** The server's messages (PROTOCOL.md). */
type ServerMessage =
  | { readonly type: 'change'; readonly resume: string; readonly change: WireChange }
  | { readonly type: 'ready'; readonly position: string }
  | { readonly type: 'reset' }
  | { readonly type: 'bye' | 'subscribed' | 'state' | 'error' };

export interface SocketListeners {
  readonly onReady?: () => void;
  /** Runs before each change is counted. A slow reader waits here. */
  readonly onChange?: () => void;
  readonly onClose?: () => void;
}

export class SocketSubscriber {
  readonly #settings: Settings;
  readonly #listeners: SocketListeners;
  readonly #chain = new Chain();
  #socket: WebSocket | null = null;
  #resume: string | null = null;
  /** ms since the epoch; NaN before `ready`. */
  #liveSince = Number.NaN;
  /** Whether this connection's subscription is counted, as made or as failed. */
  #counted = false;

  constructor(settings: Settings, listeners: SocketListeners = {}) {
    this.#settings = settings;
    this.#listeners = listeners;
  }

  /** Opens a connection, from the resume position if there is one. Only one may be open at a time. */
  open(): void {
    const startedAt = Date.now();
    const socket = new WebSocket(`${this.#settings.url.replace(/^http/, 'ws')}/v1/socket`, null, {
      headers: { ...subscriberHeaders(this.#settings), 'Sec-WebSocket-Protocol': 'manifeed.v1' },
    });
    this.#socket = socket;
    this.#liveSince = Number.NaN;
    this.#counted = false;
    socket.onopen = () => socket.send(this.#subscription());
    socket.onmessage = (event) => {
      if (this.#socket !== socket) return;
      if (typeof event?.data !== 'string') return;
      const message: ServerMessage = JSON.parse(event.data);
      this.#onMessage(message, startedAt);
    };
    socket.onerror = () => this.#countFailure(socket);
    socket.onclose = () => {
      this.#countFailure(socket);
      if (this.#socket === socket) this.#listeners.onClose?.();
    };
  }

  /** Closes the connection if there is one, without calling `onClose`. */
  close(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
  }

  #subscription(): string {
    return JSON.stringify({
      type: 'subscribe',
      id: 's1',
      repository: [this.#settings.repository],
      ...(this.#settings.pace === '' ? {} : { pace: this.#settings.pace }),
      ...(this.#resume === null ? {} : { after: this.#resume }),
    });
  }

  #onMessage(message: ServerMessage, startedAt: number): void {
    if (message.type === 'ready') {
      this.#counted = true;
      this.#liveSince = Date.now();
      this.#resume = message.position;
      measures.subscribed.add(true);
      measures.readyAfter.add(Date.now() - startedAt);
      this.#listeners.onReady?.();
    } else if (message.type === 'change') {
      this.#listeners.onChange?.();
      this.#resume = message.resume;
      countArrival(message.change, this.#chain, this.#liveSince);
    } else if (message.type === 'reset') {
      measures.resets.add(1);
    }
  }

  /** Counts a connection that ended before it was live as a failed subscription, once. */
  #countFailure(socket: WebSocket): void {
    // A connection that we closed may end after its successor has opened.
    if (this.#counted || this.#socket !== socket) return;
    this.#counted = true;
    measures.subscribed.add(false);
  }
}
