/** WebSocket: one subscription on one connection. */
import { asFeedError, FeedError, networkError, protocolError } from '../feed-error.ts';
import { toSubscribe } from '../filter.ts';
import type { CloseLike, WebSocketConstructor, WebSocketLike } from '../runtime.ts';
import { isObject, type Members, parseObject, stringOf, toChange, toMessage, toRow } from './messages.ts';
import { whyNothing } from './reach.ts';
import { Silence } from './silence.ts';
import {
  type Ask,
  type Ending,
  lost,
  type Receiver,
  type Transport,
  type TransportParts,
} from './transport.ts';

/** Time for the handshake, ms. */
export const handshakeMs = 15_000;
const protocol = 'manifeed.v1';
/** The one subscription's name. */
const id = 'feed';
/** The client's own close (RFC 6455, 7.4.1). */
const normalClosure = 1000;

/** Makes the transport. */
export function webSocketTransport(parts: TransportParts): Transport {
  return async (ask, receiver, signal) => {
    if (parts.WebSocket === null) return lost(networkError('open WebSocket: this runtime has none'), true);
    const connection = new Connection(parts, parts.WebSocket, ask, receiver);
    const ending = await connection.run(signal);
    if (connection.hasHeard || ending.kind === 'full') return ending;
    return whyNothing(parts, ask, ending.error, signal);
  };
}

class Connection {
  /** Whether a message came. Some proxies open the tunnel, and pass nothing on. */
  hasHeard = false;
  readonly #ask: Ask;
  readonly #receiver: Receiver;
  readonly #silence: Silence;
  readonly #ended = Promise.withResolvers<Ending>();
  readonly #socket: WebSocketLike | null;
  #isOver = false;

  constructor(parts: TransportParts, Socket: WebSocketConstructor, ask: Ask, receiver: Receiver) {
    this.#ask = ask;
    this.#receiver = receiver;
    this.#silence = new Silence(parts.clock, handshakeMs, (error) => this.#lose(error));
    this.#socket = this.#open(Socket, parts.url);
  }

  /** Resolves when the connection is over. */
  run(signal: AbortSignal): Promise<Ending> {
    const leave = () => this.#lose(networkError('read messages: stopped'));
    signal.addEventListener('abort', leave);
    if (signal.aborted) leave();
    return this.#ended.promise.finally(() => signal.removeEventListener('abort', leave));
  }

  #open(Socket: WebSocketConstructor, url: string): WebSocketLike | null {
    try {
      const socket = new Socket(`${url.replace(/^http/, 'ws')}/v1/socket`, protocol);
      socket.addEventListener('open', () => this.#subscribe(socket));
      socket.addEventListener('message', ({ data }) => this.#read(data));
      socket.addEventListener('close', (event) => this.#lose(closedWith(event)));
      // `close` follows and says more.
      socket.addEventListener('error', () => {});
      return socket;
    } catch (cause) {
      // A page may be forbidden to open it, as from https: to ws:.
      this.#lose(networkError('open WebSocket: not allowed here', cause));
      return null;
    }
  }

  #subscribe(socket: WebSocketLike): void {
    if (this.#isOver) return;
    this.#silence.expect(0);
    const { filter, start, token } = this.#ask;
    const access_token = token ?? undefined;
    socket.send(JSON.stringify({ ...toSubscribe(filter, start), type: 'subscribe', id, access_token }));
  }

  #read(data: unknown): void {
    if (this.#isOver) return;
    this.hasHeard = true;
    this.#silence.hear();
    try {
      if (typeof data !== 'string') throw protocolError('read message: must be text');
      // Before the message: what does not fit comes again, after the position of what did.
      if (this.#receiver.isFull) this.#finish({ kind: 'full' });
      else this.#take(parseObject(data), data.length);
    } catch (error) {
      this.#lose(asFeedError(error, 'read messages'));
    }
  }

  #take(members: Members, size: number): void {
    const type = stringOf(members, 'type');
    switch (type) {
      case 'change': {
        const resume = stringOf(members, 'resume');
        return this.#receiver.take({ kind: 'change', resume, change: toChange(members.change) }, size);
      }
      case 'state':
        return this.#receiver.take({ kind: 'state', row: toRow(members.state) }, size);
      case 'bookmark':
        return this.#receiver.take({ kind: 'bookmark', position: stringOf(members, 'position') }, size);
      case 'error':
        return this.#lose(refusalOf(members));
    }
    const message = toMessage(type, members);
    if (message === null) return;
    if (message.kind === 'ready') this.#silence.expect(message.heartbeatMs);
    if (message.kind === 'bye') this.#lose(message.error);
    else this.#receiver.take(message, size);
  }

  #lose(error: FeedError): void {
    this.#finish(lost(error));
  }

  #finish(ending: Ending): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#silence.stop();
    this.#socket?.close(normalClosure);
    this.#ended.resolve(ending);
  }
}

/** An `error` message. */
function refusalOf(members: Members): FeedError {
  const code = stringOf(members, 'code');
  const { message, detail } = members;
  return new FeedError(code, `subscribe: ${code}: ${message}`, { detail: isObject(detail) ? detail : null });
}

/** By range: an unknown code means later. Whether the close was clean means nothing: proxies close cleanly too. */
function closedWith({ code, reason }: CloseLike): FeedError {
  const isGateways = code >= 4_000 && code < 5_000;
  if (!isGateways) return new FeedError('NETWORK', `read messages: closed with ${code}`, { closeCode: code });
  const name = reason === '' ? 'CLOSED' : reason;
  const message = `read messages: the gateway closed with ${code} ${reason}`;
  return new FeedError(name, message, { closeCode: code, retryable: code >= 4_100 });
}
