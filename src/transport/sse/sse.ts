/**
 * Server-Sent Events (WHATWG HTML, 9.2) on the bare socket. The response has no length and no chunks, and ends with
 * the connection (RFC 9112, 6.3), so every frame has the same bytes for all.
 */
import type { Socket } from 'node:net';
import { tagStateToJson } from '../../event/encode.ts';
import type { Grant } from '../../event/grant.ts';
import { type Control, type Encoding, encodings, type Farewell, type Sink } from '../../fanout/sink.ts';
import type { Subscriber } from '../../fanout/subscriber.ts';
import { addressOf } from '../../lib/address-group.ts';
import { detached } from '../../lib/detached.ts';
import type { Random } from '../../lib/random.ts';
import { rememberLast } from '../../lib/remember-last.ts';
import { disown, own, type SocketOwner } from '../../lib/socket-owner.ts';
import { header, type Opening, type StreamConnection, type StreamHead, tokenOrPasswordOf } from '../head.ts';
import { asManifeedError, endSoon, retryAfterSeconds, writeError } from '../raw-response.ts';
import { type StreamRequest, type TransportOptions, toResume } from '../request.ts';

interface SseOptions extends TransportOptions {
  readonly limits: { readonly maxBacklogBytes: number; readonly heartbeatIntervalMs: number };
  readonly random: Random;
}

const changes = encodings('sse', (json, resume) => Buffer.from(`id: ${resume}\ndata: ${json}\n\n`));

/** Keeps proxies awake while a subscriber has no position. */
const comment = Buffer.from(':\n\n');
/** Nearly all subscribers have the same position. */
const bookmarkBytes = rememberLast(
  (position: string): Buffer =>
    // `id:` without data sets the last event id and dispatches nothing (WHATWG HTML, 9.2.6).
    position === '' ? comment : Buffer.from(`id: ${position}\n\n`),
);

/** Clients that connect together get the same text. */
const readyText = rememberLast((position: string, heartbeatMs: number): string => {
  const data = JSON.stringify({ position, heartbeatMs });
  return `event: ready\nid: ${position}\ndata: ${data}\n\n`;
});

class SseConnection implements Sink, SocketOwner {
  readonly encoding: Encoding;
  readonly #socket: Socket;
  readonly #address: string;
  readonly #options: SseOptions;
  readonly #subscriber: Subscriber;
  /** The head, until the first write sends it. */
  #unsent = '';

  constructor({ socket, address }: StreamConnection, asked: Asked, options: SseOptions) {
    this.#socket = socket;
    this.#address = address;
    this.#options = options;
    this.encoding = changes[asked.format];
    const { grant, paced, conflate } = asked;
    const owner = grant.owner ?? address;
    this.#subscriber = options.hub.connect({ sink: this, owner, grant, paced, conflate });
    own(socket, this);
  }

  /** Subscribes. For a quiet start, head, `retry` and `ready` leave in one write. */
  begin(asked: Asked, cors: string): void {
    const { hub, random } = this.#options;
    this.#unsent = headText(cors, 1_000 + random() * 4_000);
    const { filter, start, snapshot } = asked;
    try {
      hub.subscribe(this.#subscriber, { id: '', filter, start, snapshot });
    } catch (error) {
      // The refusal takes over the socket, so its end would not be reported here.
      this.closed();
      throw error;
    }
    if (this.#unsent !== '') this.write('');
  }

  get address(): string {
    return addressOf({ socket: this.#socket, address: this.#address });
  }

  drained(): void {
    this.#subscriber.drained();
  }

  closed(): void {
    this.#options.admission.leave(this.#address);
    this.#options.hub.disconnect(this.#subscriber);
  }

  /** Ignores what the client still sends. */
  received(): void {}

  write(bytes: Buffer | string): boolean {
    let whole = bytes;
    if (this.#unsent !== '') {
      whole = this.#unsent + bytes.toString();
      this.#unsent = '';
    }
    // The socket emits `drain` only after `write` returned false.
    return this.#socket.write(whole) || this.#socket.writableLength < this.#options.limits.maxBacklogBytes;
  }

  tell(control: Control): boolean {
    switch (control.kind) {
      case 'subscribed':
        return true;
      case 'state':
        return this.write(`event: state\ndata: ${tagStateToJson(control.tag)}\n\n`);
      case 'ready':
        return this.write(readyText(control.position, this.#options.limits.heartbeatIntervalMs));
      case 'reset': {
        const { reason, position, floor } = control;
        return this.write(
          `event: reset\nid: ${position}\ndata: ${JSON.stringify({ reason, position, floor })}\n\n`,
        );
      }
    }
  }

  beat(bookmark: string): void {
    this.#socket.write(bookmarkBytes(bookmark));
  }

  end(why: Farewell, bookmark: string, retryMs: number): void {
    const id = bookmark === '' ? '' : `id: ${bookmark}\n`;
    const retry = Math.round(retryMs);
    const data = JSON.stringify({ reason: why, position: bookmark === '' ? null : bookmark, retryMs: retry });
    // A stalled client would not read a farewell.
    if (why === 'TOO_SLOW') this.#socket.destroy();
    else endSoon(this.#socket, `event: bye\nretry: ${retry}\n${id}data: ${data}\n\n`, this.#options.clock);
  }
}

/** Reads the head of an SSE request. Never throws: errors are answered on the socket. */
export function readSse(head: StreamHead, options: SseOptions): Opening {
  const origin = header(head, 'origin');
  const host = header(head, 'host');
  const { origins } = options.admission;
  const manner = {
    cors: origins.corsHeaders(origin),
    foreign: origins.allows(origin, host) ? null : detached(origins.explain(origin, host)),
    wantsStream: header(head, 'accept')?.includes('text/event-stream') ?? false,
  };
  try {
    return openingOf(read(head, options), manner, options);
  } catch (error) {
    return { lasting: false, open: (connection) => refuse(connection, error, manner, options) };
  }
}

interface Manner {
  /** Header lines. */
  readonly cors: string;
  /** Whether the client says that it wants an event stream. */
  readonly wantsStream: boolean;
  /** Not null: why the browser will not let the page read the answer. */
  readonly foreign: string | null;
}

/** Keeps nothing of the head: it may hold a token. */
function openingOf(asked: Asked, manner: Manner, options: SseOptions): Opening {
  const { foreign, cors } = manner;
  const { admission } = options;
  return {
    // Not with a `since`: the time that one in the future stands for depends on when it is asked.
    lasting: asked.start.kind !== 'since' && foreign === null,
    open(connection) {
      // The stream opens anyway: the browser decides who may read it.
      if (foreign !== null) admission.foreignPage(foreign, connection, 'sse');
      try {
        admission.enter(connection.address);
        new SseConnection(connection, asked, options).begin(asked, cors);
      } catch (error) {
        refuse(connection, error, manner, options);
      }
    },
  };
}

interface Asked extends StreamRequest {
  readonly grant: Grant;
}

function read(request: StreamHead, { admission, requests }: SseOptions): Asked {
  admission.checkHost(header(request, 'host'));
  const grant = admission.authorise(tokenOrPasswordOf(request));
  const lastEventId = header(request, 'last-event-id');
  const start = lastEventId ? toResume(lastEventId) : undefined;
  return { ...requests.read(requests.parse(request.query), grant, { start }), grant };
}

/**
 * EventSource stops for good at an HTTP error, so an error that invites a retry becomes an empty stream with
 * `retry:`. A client that does not say that it wants an event stream gets the HTTP status.
 */
function refuse(
  connection: StreamConnection,
  cause: unknown,
  { cors, wantsStream }: Manner,
  options: SseOptions,
): void {
  const error = asManifeedError(cause);
  const { socket } = connection;
  options.admission.refusedHandshake(error, connection, 'sse');
  disown(socket);
  if (!error.retryable || !wantsStream) return writeError(socket, error, cors, options);
  const retryMs = retryAfterSeconds(options.random) * 1_000 + Math.round(options.random() * 1_000);
  socket.write(headText(cors, retryMs));
  const data = JSON.stringify({ reason: error.code, position: null, retryMs });
  endSoon(socket, `event: bye\ndata: ${data}\n\n`, options.clock);
}

function headText(cors: string, retryMs: number): string {
  return (
    'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n' +
    `Cache-Control: no-cache, no-transform\r\nX-Accel-Buffering: no\r\nConnection: close\r\n${cors}\r\n` +
    `retry: ${Math.round(retryMs)}\n\n`
  );
}
