/** One WebSocket connection (RFC 6455), on either road. It decides when and why the connection closes. */
import { catalogue, type ErrorCode, invalidParameter, ManifeedError, refusalOf } from '../../errors.ts';
import type { Grant } from '../../event/grant.ts';
import { type Control, type Encoding, encodings, type Farewell, type Sink } from '../../fanout/sink.ts';
import type { EndReason } from '../../fanout/stream-metrics.ts';
import type { Subscriber } from '../../fanout/subscriber.ts';
import { addressOf } from '../../lib/address-group.ts';
import { LeakyBucket } from '../../lib/leaky-bucket.ts';
import { asManifeedError } from '../raw-response.ts';
import type { StreamRequest } from '../request.ts';
import { textFrame } from './frame.ts';
import type { MessageTaker } from './long-messages.ts';
import {
  beatFrames,
  type ClientMessage,
  controlText,
  errorText,
  idOf,
  requireSame,
  type SubscribeMessage,
  welcomeFrames,
} from './messages.ts';
import type { WebSocketOptions } from './options.ts';
import { maxFragments, type WebSocketListener, type WebSocketPort } from './port.ts';
import { chargeGlobs, chargeMessage, type Lately } from './rate.ts';

const changes = encodings('websocket', (json, resume) =>
  textFrame(`{"type":"change","resume":"${resume}","change":${json}}`),
);

/** After this many unanswered heartbeats the peer counts as dead. */
const maxUnanswered = 2;
const noGrant: Grant = {
  ...{ name: '', key: '', owner: null, patterns: [] },
  ...{ admin: false, metrics: false, unpaced: false },
  allows: () => false,
};

export class WebSocketConnection implements Sink, WebSocketListener, MessageTaker {
  encoding: Encoding = changes.manifeed;
  readonly #port: WebSocketPort;
  readonly #address: string;
  readonly #options: WebSocketOptions;
  readonly #subscriber: Subscriber;
  /** Null: the token has not come, so the connection is not a subscriber yet. */
  #grant: Grant | null;
  #unanswered = 0;
  #closing = false;
  /** The id whose `subscribed` is not sent yet: if `ready` follows at once, both go out together. */
  #greeting: string | null = null;
  /** Null until the client sends something, and again after some silence: nearly all clients are silent. */
  #messages: Lately = null;
  #globs: LeakyBucket | null = null;
  #stopWaiting: (() => void) | null = null;

  /** @param grant null: the token comes with the first message */
  constructor(port: WebSocketPort, address: string, grant: Grant | null, options: WebSocketOptions) {
    this.#port = port;
    this.#address = address;
    this.#options = options;
    this.#grant = grant;
    const may = grant ?? noGrant;
    const owner = may.owner ?? address;
    this.#subscriber = options.hub.connect({ sink: this, owner, grant: may, paced: true, conflate: false });
    port.listen(this);
    if (grant === null) this.#awaitToken();
  }

  get address(): string {
    return addressOf({ socket: this.#port.socket, address: this.#address });
  }

  onDrain(): void {
    this.#subscriber.drained();
  }

  onGone(): void {
    const { admission } = this.#options;
    // Messages that still wait are not read.
    this.#closing = true;
    if (this.#grant === null) admission.leaveWaiting(this.#address);
    else admission.leave(this.#address);
    this.#stopWaiting?.();
    this.#options.hub.disconnect(this.#subscriber);
  }

  write(bytes: Buffer): boolean {
    // The port calls `onDrain` only after `send` returned false.
    return this.#put(bytes) || this.#port.backlogBytes < this.#options.limits.maxBacklogBytes;
  }

  tell(control: Control): boolean {
    const { heartbeatIntervalMs } = this.#options.limits;
    if (control.kind === 'subscribed' && this.#greeting === null) {
      this.#greeting = control.id;
      return true;
    }
    if (control.kind === 'ready' && control.id === this.#greeting) {
      this.#greeting = null;
      return this.write(welcomeFrames(control.id, control.position, heartbeatIntervalMs));
    }
    return this.write(textFrame(controlText(control, heartbeatIntervalMs)));
  }

  /** Sends bytes, after the `subscribed` that is not sent yet. */
  #put(bytes: Buffer): boolean {
    this.#greet();
    return this.#port.send(bytes);
  }

  #greet(): void {
    if (this.#greeting === null) return;
    const id = this.#greeting;
    this.#greeting = null;
    const { heartbeatIntervalMs } = this.#options.limits;
    this.#port.send(textFrame(controlText({ kind: 'subscribed', id }, heartbeatIntervalMs)));
  }

  beat(bookmark: string): void {
    if (this.#unanswered >= maxUnanswered) {
      this.#options.hub.disconnect(this.#subscriber, 'silent');
      this.#port.cut();
      return;
    }
    this.#unanswered++;
    const { limits, clock } = this.#options;
    const lately = this.#messages;
    if (lately instanceof LeakyBucket && lately.level(limits.messagesPerSecond, clock.monotonic()) === 0)
      this.#messages = null;
    this.#put(beatFrames(bookmark));
  }

  end(why: Farewell, bookmark: string, retryMs: number): void {
    const position = bookmark === '' ? null : bookmark;
    this.#put(
      textFrame(JSON.stringify({ type: 'bye', reason: why, position, retryMs: Math.round(retryMs) })),
    );
    this.#closeWith(why);
  }

  /** Closes with a code of RFC 6455, 7.4.1; a message that is too large gets an error of ours first. */
  onFault(error: Error & { readonly code?: string }): void {
    const code = error.code ?? '';
    if (/MESSAGE_LENGTH|TOO_MANY/.test(code)) {
      const { maxMessageBytes } = this.#options.limits;
      return this.#fail(
        new ManifeedError(
          'MESSAGE_TOO_LARGE',
          `read message: too large: must be at most ${maxMessageBytes} bytes in ${maxFragments} fragments`,
        ),
      );
    }
    this.#close(code === 'WS_ERR_INVALID_UTF8' ? 1007 : 1002, 'protocol error', 'MESSAGE_INVALID');
  }

  onClosing(code: number): void {
    this.#close(code === 1005 ? 1000 : code, '', 'client');
  }

  onPing(data: Buffer): void {
    this.#unanswered = 0;
    // Pings count as messages. A client that does not read needs no pong.
    const isReading = this.#port.backlogBytes < this.#options.limits.maxBacklogBytes;
    if (this.#closing || !this.#withinRate() || !isReading) return;
    this.#greet();
    this.#port.pong(data);
  }

  onPong(): void {
    this.#unanswered = 0;
  }

  onMessage(data: Buffer, isBinary: boolean): void {
    this.#unanswered = 0;
    if (this.#closing || !this.#withinRate()) return;
    if (this.#options.longMessages.mayRead(this, data, isBinary)) this.read(data, isBinary);
  }

  pause(): void {
    this.#port.pause();
  }

  resume(): void {
    this.#port.resume();
  }

  read(data: Buffer, isBinary: boolean): void {
    // It may have waited.
    if (this.#closing) return;
    const text = data.toString();
    try {
      if (isBinary) throw new ManifeedError('MESSAGE_INVALID', 'read message: binary: must be JSON text');
      this.#obey(this.#options.messages.read(text));
      this.#greet();
    } catch (error) {
      const refusal = asManifeedError(error);
      this.#noteRefusal(refusal);
      // A connection that cannot become a subscriber is of no use.
      const hasNoPlace = this.#grant === null && refusal.retryable;
      if (hasNoPlace || fatal.has(refusal.code)) this.#fail(refusal, idOf(text));
      else this.#answer(errorText(refusal, idOf(text)));
    }
  }

  /** The first message may bring the token: until then a refusal counts as a refused opening. */
  #noteRefusal(refusal: ManifeedError): void {
    const { admission } = this.#options;
    if (this.#grant !== null) admission.refused(refusal.code);
    else
      admission.refusedHandshake(refusal, { socket: this.#port.socket, address: this.#address }, 'websocket');
  }

  #obey(message: ClientMessage): void {
    const grant = this.#authorised(message.access_token ?? null);
    switch (message.type) {
      case 'auth':
        return;
      case 'unsubscribe':
        if (!this.#options.hub.unsubscribe(this.#subscriber, message.id)) {
          const what = `unsubscribe: ${message.id}: no such subscription on this connection`;
          throw refusalOf('NOT_FOUND', 'id', what);
        }
        this.#answer(JSON.stringify({ type: 'unsubscribed', id: message.id }));
        return;
      case 'subscribe':
        return this.#subscribe(message, grant);
    }
  }

  /** Sends an answer. A client that sends but never reads is closed. */
  #answer(text: string): void {
    this.#put(textFrame(text));
    // Twice the limit for changes: a client that is only behind with changes may still send messages.
    if (this.#port.backlogBytes > 2 * this.#options.limits.maxBacklogBytes) this.#closeWith('TOO_SLOW');
  }

  #subscribe(message: SubscribeMessage, grant: Grant): void {
    const { limits, hub, requests, clock } = this.#options;
    const ids = this.#subscriber.ids();
    if (ids.includes(message.id))
      throw invalidParameter('id', `subscribe: ${message.id}: already in use on this connection`);
    const { globsPerConnection, subscriptionsPerConnection: most } = limits;
    if (ids.length >= most) {
      const what = `subscribe: ${ids.length} subscriptions: must be at most ${most} per connection`;
      throw refusalOf('SUBSCRIPTION_LIMIT', 'id', what);
    }
    if (message.globs > 0)
      this.#globs = chargeGlobs(this.#globs, message.globs, globsPerConnection, clock.monotonic());
    const request = requests.read(message.params, grant, { typeName: 'types' });
    if (ids.length > 0) requireSame(message.params, request, this.#subscriber);
    else this.#settle(request);
    const { filter, start, snapshot } = request;
    hub.subscribe(this.#subscriber, { id: message.id, filter, start, snapshot });
  }

  #settle({ paced, conflate, format }: StreamRequest): void {
    this.#subscriber.paced = paced;
    this.#subscriber.conflate = conflate;
    this.encoding = changes[format];
  }

  /** The token of the handshake or of the first message; a later one must be the same. */
  #authorised(token: string | null): Grant {
    if (this.#grant !== null && token === null) return this.#grant;
    const grant = this.#options.admission.authorise(token);
    if (this.#grant === null) {
      this.#options.admission.admit(this.#address);
      this.#grant = grant;
      this.#subscriber.grant = grant;
      this.#subscriber.owner = grant.owner ?? this.#address;
    } else if (this.#grant.name !== grant.name) {
      throw invalidParameter(
        'access_token',
        'read message: access_token: must be the one that opened this connection',
      );
    }
    return this.#grant;
  }

  #awaitToken(): void {
    const { clock, limits } = this.#options;
    this.#stopWaiting = clock.after(limits.firstMessageTimeoutMs, () => {
      if (this.#grant !== null || this.#closing) return;
      const refusal = new ManifeedError('UNAUTHORIZED', 'open WebSocket: no token: must come in time');
      this.#noteRefusal(refusal);
      this.#fail(refusal);
    });
  }

  #withinRate(): boolean {
    const { limits, clock } = this.#options;
    this.#messages = chargeMessage(this.#messages, limits.messagesPerSecond, clock.monotonic());
    if (this.#messages !== null) return true;
    const need = `must be at most ${limits.messagesPerSecond} a second`;
    this.#fail(new ManifeedError('TOO_MANY_REQUESTS', `read messages: too many: ${need}`));
    return false;
  }

  #fail(error: ManifeedError, id: string | null = null): void {
    if (this.#closing) return;
    this.#put(textFrame(errorText(error, id)));
    this.#closeWith(error.code);
  }

  #closeWith(code: ErrorCode): void {
    this.#close(catalogue[code].closeCode, code, code);
  }

  /** @param code and `text` go into the close frame */
  #close(code: number, text: string, reason: EndReason): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#greet();
    this.#port.close(code, text);
    this.#options.hub.disconnect(this.#subscriber, reason);
  }
}

/** Errors that close the connection; the others concern one message. */
const fatal = new Set(['MESSAGE_INVALID', 'UNAUTHORIZED', 'INTERNAL', 'TOO_MANY_REQUESTS']);
