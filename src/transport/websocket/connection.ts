/**
 * One WebSocket connection (RFC 6455), on the bare socket: frames to the client are built once for all, `ws`
 * parses what the client sends.
 */
import type { Socket } from 'node:net';
import { catalogue, ManifeedError } from '../../errors.ts';
import type { Grant } from '../../event/grant.ts';
import type { Hub } from '../../fanout/hub.ts';
import type { Control, Encoding, Farewell, Sink } from '../../fanout/sink.ts';
import type { Subscriber } from '../../fanout/subscriber.ts';
import type { Clock } from '../../lib/clock.ts';
import { LeakyBucket } from '../../lib/leaky-bucket.ts';
import type { Random } from '../../lib/random.ts';
import { own, type SocketOwner } from '../../lib/socket-owner.ts';
import type { Admission } from '../admission.ts';
import { encodings } from '../encodings.ts';
import { endSoon } from '../end-soon.ts';
import type { StreamConnection } from '../head.ts';
import { asManifeedError } from '../raw-response.ts';
import type { RequestReader, StreamParams, StreamRequest } from '../request.ts';
import { closeFrame, isPong, pongFrame, textFrame } from './frame.ts';
import {
  type ClientMessage,
  controlText,
  countGlobs,
  errorText,
  idOf,
  type MessageReader,
  refuseMember,
  type SubscribeMessage,
  tooManySubscriptions,
} from './messages.ts';
import { chargeGlobs } from './rate.ts';
import type { FrameListener, FrameReader, FrameReaders } from './reader.ts';
import { beatFrames, welcomeFrames } from './shared.ts';

export interface WebSocketLimits {
  readonly subscriptionsPerConnection: number;
  readonly maxMessageBytes: number;
  /** Bytes that wait in a socket before its subscriber is behind. */
  readonly maxBacklogBytes: number;
  /** Messages of one client a second, with a burst of as many. */
  readonly messagesPerSecond: number;
  /** Also how many globs and ranges may come at once. */
  readonly globsPerConnection: number;
  /** For the first message, where it has to bring the token, ms. */
  readonly firstMessageTimeoutMs: number;
  /** Between two heartbeats, ms. */
  readonly heartbeatIntervalMs: number;
}

export interface WebSocketOptions {
  readonly hub: Hub;
  readonly admission: Admission;
  readonly requests: RequestReader;
  readonly messages: MessageReader;
  readonly readers: FrameReaders;
  readonly limits: WebSocketLimits;
  readonly clock: Clock;
  readonly random: Random;
}

const changes = encodings('websocket', (json, resume) =>
  textFrame(`{"type":"change","resume":"${resume}","change":${json}}`),
);

/** Beats without any answer after which a peer is dead. */
const maxUnanswered = 2;
const noGrant: Grant = {
  ...{ name: '', key: '', owner: null, patterns: [] },
  ...{ admin: false, metrics: false, unpaced: false },
  allows: () => false,
};

export class WebSocketConnection implements Sink, SocketOwner, FrameListener {
  encoding: Encoding = changes.manifeed;
  readonly #socket: Socket;
  readonly #address: string;
  readonly #options: WebSocketOptions;
  readonly #subscriber: Subscriber;
  /** Null: the token is still to come, and the connection is none of the subscribers yet. */
  #grant: Grant | null;
  /** From its first message that came in pieces on. */
  #reader: FrameReader | null = null;
  #unanswered = 0;
  #closing = false;
  /** A subscription that is owed its `subscribed`, which `ready` takes along where it follows at once. */
  #greeting: string | null = null;
  readonly #messages = new LeakyBucket();
  #globs: LeakyBucket | null = null;

  constructor({ socket, address }: StreamConnection, options: WebSocketOptions, grant: Grant | null) {
    this.#socket = socket;
    this.#address = address;
    this.#options = options;
    this.#grant = grant;
    this.#subscriber = options.hub.connect({
      sink: this,
      owner: grant?.owner ?? address,
      grant: grant ?? noGrant,
      paced: true,
      conflate: false,
    });
    own(socket, this);
    if (grant === null) this.#awaitToken();
  }

  drained(): void {
    this.#subscriber.drained();
  }

  closed(): void {
    const { admission } = this.#options;
    if (this.#grant === null) admission.leaveWaiting(this.#address);
    else admission.leave(this.#address);
    this.#options.hub.disconnect(this.#subscriber);
    this.#reader?.close();
  }

  write(bytes: Buffer): boolean {
    // Only once `write` has said no does the socket promise a `drain`.
    return this.#put(bytes) || this.#socket.writableLength < this.#options.limits.maxBacklogBytes;
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

  /** The only way to the socket: what is owed comes first. */
  #put(bytes: Buffer): boolean {
    this.#greet();
    return this.#socket.write(bytes);
  }

  #greet(): void {
    if (this.#greeting === null) return;
    const id = this.#greeting;
    this.#greeting = null;
    const { heartbeatIntervalMs } = this.#options.limits;
    this.#socket.write(textFrame(controlText({ kind: 'subscribed', id }, heartbeatIntervalMs)));
  }

  beat(bookmark: string): void {
    if (this.#unanswered >= maxUnanswered) {
      this.#socket.destroy();
      return;
    }
    this.#unanswered++;
    this.#put(beatFrames(bookmark));
  }

  end(why: Farewell, bookmark: string, retryMs: number): void {
    const position = bookmark === '' ? null : bookmark;
    this.#put(
      textFrame(JSON.stringify({ type: 'bye', reason: why, position, retryMs: Math.round(retryMs) })),
    );
    this.#close(catalogue[why].closeCode, why);
  }

  received(bytes: Buffer): void {
    this.#unanswered = 0;
    if (this.#reader === null) {
      if (isPong(bytes)) return;
      const isRead = this.#options.readers.readWhole(bytes, this);
      if (isRead) return this.#greet();
      this.#reader = this.#options.readers.create();
    }
    const ready = this.#reader.read(bytes, this, () => this.#socket.resume());
    this.#greet();
    // The parser works as it is written to; only a peer that floods it gets here.
    if (!ready) this.#socket.pause();
  }

  /** What is wrong with the client's bytes, in the codes of RFC 6455, 7.4.1; too large is ours. */
  faulty(error: Error & { code?: string }): void {
    const code = error.code ?? '';
    if (/MESSAGE_LENGTH|TOO_MANY/.test(code)) {
      const { maxMessageBytes } = this.#options.limits;
      return this.#fail(
        new ManifeedError(
          'MESSAGE_TOO_LARGE',
          `read message: too large: must be at most ${maxMessageBytes} bytes`,
        ),
      );
    }
    this.#close(code === 'WS_ERR_INVALID_UTF8' ? 1007 : 1002, 'protocol error');
  }

  concluded(code: number): void {
    this.#close(code === 1005 ? 1000 : code, '');
  }

  ping(data: Buffer): void {
    // A flood of pings is a flood of messages; and who reads no answers needs none.
    const { maxBacklogBytes } = this.#options.limits;
    if (this.#withinRate() && !this.#closing && this.#socket.writableLength < maxBacklogBytes)
      this.#put(pongFrame(data));
  }

  message(data: Buffer, isBinary: boolean): void {
    if (this.#closing || !this.#withinRate()) return;
    const text = data.toString();
    try {
      if (isBinary) throw new ManifeedError('MESSAGE_INVALID', 'read message: binary: must be JSON text');
      this.#obey(this.#options.messages.read(text));
    } catch (error) {
      const refusal = asManifeedError(error);
      this.#noteRefusal(refusal);
      // Without a place among the subscribers there is nothing that it could go on with.
      const hasNoPlace = this.#grant === null && refusal.retryable;
      if (hasNoPlace || fatal.has(refusal.code)) this.#fail(refusal, idOf(text));
      else this.#answer(errorText(refusal, idOf(text)));
    }
  }

  /** A token in the first message is part of the opening. */
  #noteRefusal(refusal: ManifeedError): void {
    const { admission } = this.#options;
    if (this.#grant !== null) admission.refused(refusal.code);
    else admission.refusedHandshake(refusal, { socket: this.#socket, address: this.#address }, 'websocket');
  }

  #obey(message: ClientMessage): void {
    const grant = this.#authorised(message.access_token ?? null);
    switch (message.type) {
      case 'auth':
        return;
      case 'unsubscribe':
        if (!this.#options.hub.unsubscribe(this.#subscriber, message.id)) {
          throw new ManifeedError(
            'NOT_FOUND',
            `unsubscribe: ${message.id}: no such subscription on this connection`,
            {
              detail: { parameter: 'id' },
            },
          );
        }
        this.#answer(JSON.stringify({ type: 'unsubscribed', id: message.id }));
        return;
      case 'subscribe':
        return this.#subscribe(message, grant);
    }
  }

  /** Answers come at the client's pace, not at the hub's: who asks for ever and reads nothing is closed. */
  #answer(text: string): void {
    this.#put(textFrame(text));
    // As much again as changes may take: who is only behind with those may still say something.
    if (this.#socket.writableLength > 2 * this.#options.limits.maxBacklogBytes)
      this.#close(catalogue.TOO_SLOW.closeCode, 'TOO_SLOW');
  }

  #subscribe(message: SubscribeMessage, grant: Grant): void {
    const { limits, hub, requests, clock } = this.#options;
    const ids = this.#subscriber.ids();
    if (ids.includes(message.id))
      throw refuseMember('id', `subscribe: ${message.id}: already in use on this connection`);
    if (ids.length >= limits.subscriptionsPerConnection)
      throw tooManySubscriptions(ids.length, limits.subscriptionsPerConnection);
    const { globsPerConnection } = limits;
    this.#globs = chargeGlobs(this.#globs, countGlobs(message.params), globsPerConnection, clock.monotonic());
    const request = requests.read(message.params, grant, { typeName: 'types' });
    this.#settle(message.params, request, ids.length === 0);
    const { filter, start, snapshot } = request;
    hub.subscribe(this.#subscriber, { id: message.id, filter, start, snapshot });
  }

  /** Pace, conflation and format belong to the connection: its first subscription sets them. */
  #settle(asked: StreamParams, { paced, conflate, format }: StreamRequest, first: boolean): void {
    if (first) {
      this.#subscriber.paced = paced;
      this.#subscriber.conflate = conflate;
      this.encoding = changes[format];
      return;
    }
    const differs = [
      ['pace', asked.pace !== undefined && paced !== this.#subscriber.paced],
      ['conflate', asked.conflate !== undefined && conflate !== this.#subscriber.conflate],
      ['format', asked.format !== undefined && format !== this.encoding.format],
    ] as const;
    for (const [name, isOther] of differs) {
      if (isOther)
        throw refuseMember(name, `subscribe: ${name}: must be as the connection's first subscription set it`);
    }
  }

  /** The token of the handshake or of the first message; later ones must be worth the same. */
  #authorised(token: string | null): Grant {
    if (this.#grant !== null && token === null) return this.#grant;
    const grant = this.#options.admission.authorise(token);
    if (this.#grant === null) {
      this.#options.admission.admit(this.#address);
      this.#grant = grant;
      this.#subscriber.grant = grant;
      this.#subscriber.owner = grant.owner ?? this.#address;
    } else if (this.#grant.key !== grant.key) {
      throw refuseMember(
        'access_token',
        'read message: access_token: must be the one that opened this connection',
      );
    }
    return this.#grant;
  }

  #awaitToken(): void {
    const cancel = this.#options.clock.after(this.#options.limits.firstMessageTimeoutMs, () => {
      if (this.#grant !== null || this.#closing) return;
      const refusal = new ManifeedError('UNAUTHORIZED', 'open WebSocket: no token: must come in time');
      this.#noteRefusal(refusal);
      this.#fail(refusal);
    });
    this.#socket.once('close', cancel);
  }

  #withinRate(): boolean {
    const { messagesPerSecond } = this.#options.limits;
    const rule = { capacity: messagesPerSecond, perSecond: messagesPerSecond };
    if (this.#messages.add(1, rule, this.#options.clock.monotonic())) return true;
    if (!this.#closing) {
      this.#fail(
        new ManifeedError(
          'TOO_MANY_REQUESTS',
          `read messages: too many: must be at most ${messagesPerSecond} a second`,
        ),
      );
    }
    return false;
  }

  #fail(error: ManifeedError, id: string | null = null): void {
    if (this.#closing) return;
    this.#put(textFrame(errorText(error, id)));
    this.#close(error.closeCode, error.code);
  }

  #close(code: number, reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#greet();
    endSoon(this.#socket, closeFrame(code, reason), this.#options.clock);
    this.#options.hub.disconnect(this.#subscriber);
  }
}

/** Errors after which the client has to begin anew; the others concern one message. */
const fatal = new Set(['MESSAGE_INVALID', 'UNAUTHORIZED', 'INTERNAL', 'TOO_MANY_REQUESTS']);
