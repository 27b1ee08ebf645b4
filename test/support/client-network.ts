/** A network that a test plays itself: answers to `fetch`, and WebSockets. */
import type {
  CloseLike,
  Fetch,
  FetchInit,
  FetchResponse,
  MessageLike,
  WebSocketConstructor,
} from '../../client/src/runtime.ts';
import type { Ask, Receiver, TransportParts } from '../../client/src/transport/transport.ts';
import type { Message } from '../../client/src/wire.ts';
import { fakeClock } from './fake-clock.ts';
import { Inbox } from './inbox.ts';

/** A request that waits for its answer. */
export interface Asked {
  readonly url: URL;
  readonly init: FetchInit;
  answer(status: number, body: unknown, headers?: Readonly<Record<string, string>>): void;
  /** Answers with a stream; the test feeds it. */
  stream(headers?: Readonly<Record<string, string>>): {
    send(text: string): void;
    end(): void;
    readonly reads: () => number;
  };
  fail(): void;
}

/** A WebSocket that the client has opened. */
export class FakeSocket {
  readonly url: string;
  readonly sent: string[] = [];
  closedWith: number | null = null;
  readonly #listeners = new Map<string, (event: never) => void>();

  constructor(url: string) {
    this.url = url;
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, listener);
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(code = 1005): void {
    this.closedWith = code;
  }

  open(): void {
    this.#emit('open', {});
  }

  /** What the gateway sends. */
  say(message: unknown): void {
    const event: MessageLike = { data: typeof message === 'object' ? JSON.stringify(message) : message };
    this.#emit('message', event);
  }

  closes(code: number, reason = ''): void {
    const event: CloseLike = { code, reason };
    this.#emit('close', event);
  }

  #emit(type: string, event: unknown): void {
    this.#listeners.get(type)?.(event as never);
  }
}

/** Parts for a transport, and what it does with them. */
export function playNetwork() {
  const clock = fakeClock();
  const requests = new Inbox<Asked>();
  const sockets = new Inbox<FakeSocket>();
  const fetch: Fetch = (url, init) =>
    new Promise<FetchResponse>((resolve, reject) => {
      const fail = () => reject(new TypeError('fetch failed'));
      init.signal.addEventListener('abort', fail);
      const respond = (status: number, headers: Readonly<Record<string, string>>, body: Body) =>
        resolve({
          status,
          headers: { get: (name) => headers[name] ?? null },
          body: { getReader: () => body },
        });
      requests.push({
        ...{ url: new URL(url), init, fail },
        answer(status, body, headers = {}) {
          const text = typeof body === 'string' ? body : JSON.stringify(body);
          const stream = new Body(init.signal);
          respond(status, headers, stream);
          stream.send(text);
          stream.end();
        },
        stream(headers = { 'content-type': 'text/event-stream' }) {
          const body = new Body(init.signal);
          respond(200, headers, body);
          return { send: (text) => body.send(text), end: () => body.end(), reads: () => body.reads };
        },
      });
    });
  const WebSocket: WebSocketConstructor = class extends FakeSocket {
    constructor(url: string) {
      super(url);
      sockets.push(this);
    }
  };
  const parts: TransportParts = { url: 'https://gateway.test/prefix', clock, fetch, WebSocket };
  return { clock, requests, sockets, parts };
}

/** The body of an answer. */
class Body {
  reads = 0;
  readonly #chunks: Uint8Array[] = [];
  #isOver = false;
  #wake = () => {};
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake());
  }

  send(text: string): void {
    this.#chunks.push(new TextEncoder().encode(text));
    this.#wake();
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async read(): Promise<{ done: boolean; value?: Uint8Array }> {
    this.reads++;
    for (;;) {
      if (this.#signal.aborted) throw new TypeError('aborted');
      const value = this.#chunks.shift();
      if (value !== undefined) return { done: false, value };
      if (this.#isOver) return { done: true };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async cancel(): Promise<void> {
    this.end();
  }
}

/** A receiver that keeps everything, and can be full. */
export class FakeReceiver implements Receiver {
  readonly inbox = new Inbox<Message>();
  isFull = false;
  #wake = () => {};

  take(message: Message): void {
    this.inbox.push(message);
  }

  room(signal: AbortSignal): Promise<void> {
    if (!this.isFull) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
      signal.addEventListener('abort', () => resolve());
    });
  }

  drain(): void {
    this.isFull = false;
    this.#wake();
  }
}

/** What a connection asks for. */
export function askFor(members: Partial<Ask> = {}): Ask {
  const start = { after: null, since: null, snapshot: false };
  return { filter: { repository: ['r.test/app'] }, start, token: 'secret', ...members };
}
