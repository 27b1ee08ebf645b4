/**
 * Server-Sent Events (WHATWG HTML, 9.2) on the bare socket: once the head is written nothing of HTTP is left
 * but bytes that go one way. The response has no length and no chunks, so it ends when the connection does
 * (RFC 9112, 6.3); that keeps every frame the same for all.
 */
import type { Socket } from 'node:net';
import { tagStateToJson } from '../../event/encode.ts';
import type { Grant } from '../../event/grant.ts';
import type { Hub } from '../../fanout/hub.ts';
import type { Control, Encoding, Farewell, Sink } from '../../fanout/sink.ts';
import type { Subscriber } from '../../fanout/subscriber.ts';
import type { Clock } from '../../lib/clock.ts';
import { detached } from '../../lib/detached.ts';
import type { Random } from '../../lib/random.ts';
import { rememberLast } from '../../lib/remember-last.ts';
import { disown, own, type SocketOwner } from '../../lib/socket-owner.ts';
import type { Admission } from '../admission.ts';
import { encodings } from '../encodings.ts';
import { endSoon } from '../end-soon.ts';
import { header, type Opening, type StreamConnection, type StreamHead, tokenOf } from '../head.ts';
import { asManifeedError, retryAfterSeconds, writeError } from '../raw-response.ts';
import type { RequestReader, StreamRequest } from '../request.ts';
import { toResume } from '../start.ts';

export interface SseOptions {
  readonly hub: Hub;
  readonly admission: Admission;
  readonly requests: RequestReader;
  readonly limits: { readonly maxBacklogBytes: number; readonly heartbeatIntervalMs: number };
  readonly clock: Clock;
  readonly random: Random;
}

const changes = encodings('sse', (json, resume) => Buffer.from(`id: ${resume}\ndata: ${json}\n\n`));

/** A quiet subscriber that has no position yet is sent a comment, which only keeps proxies awake. */
const comment = Buffer.from(':\n\n');
/** At any moment nearly all subscribers stand at the same position. */
const bookmarkBytes = rememberLast(
  (position: string): Buffer =>
    // `id:` without data sets the last event id and dispatches nothing (WHATWG HTML, 9.2.6).
    position === '' ? comment : Buffer.from(`id: ${position}\n\n`),
);

/** Thousands who come together hear the same. */
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
  /** The head, until the first write takes it along. */
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

  /** Begins; what a quiet start has to say (head, `retry`, `ready`) leaves in one piece. */
  begin(asked: Asked, cors: string): void {
    const { hub, random } = this.#options;
    this.#unsent = headText(cors, 1_000 + random() * 4_000);
    const { filter, start, snapshot } = asked;
    try {
      hub.subscribe(this.#subscriber, { id: '', filter, start, snapshot });
    } catch (error) {
      // Whoever refuses it takes the socket over, so this is not told of its end.
      this.closed();
      throw error;
    }
    if (this.#unsent !== '') this.write('');
  }

  drained(): void {
    this.#subscriber.drained();
  }

  closed(): void {
    this.#options.admission.leave(this.#address);
    this.#options.hub.disconnect(this.#subscriber);
  }

  /** Whatever the client still sends is not ours to read. */
  received(): void {}

  write(bytes: Buffer | string): boolean {
    let whole = bytes;
    if (this.#unsent !== '') {
      whole = this.#unsent + bytes.toString();
      this.#unsent = '';
    }
    // Only once `write` has said no does the socket promise a `drain`.
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
    // A reader that is stuck would not read a farewell either.
    if (why === 'TOO_SLOW') this.#socket.destroy();
    else endSoon(this.#socket, `event: bye\nretry: ${retry}\n${id}data: ${data}\n\n`, this.#options.clock);
  }
}

/** Reads what opens a stream. Never throws: what is wrong is answered on the socket. */
export function readSse(head: StreamHead, options: SseOptions): Opening {
  const origin = header(head, 'origin');
  const host = header(head, 'host');
  const { admission } = options;
  const manner = {
    cors: admission.corsHeaders(origin),
    foreign: admission.allowsOrigin(origin, host) ? null : detached(admission.explainOrigin(origin, host)),
    wantsStream: header(head, 'accept')?.includes('text/event-stream') ?? false,
  };
  try {
    return new SseOpening(read(head, options), manner, options);
  } catch (error) {
    return { lasting: false, open: (connection) => refuse(connection, error, manner, options) };
  }
}

/** How a client wants to be answered. */
interface Manner {
  /** Header lines. */
  readonly cors: string;
  /** Whether it says that it wants an event stream. */
  readonly wantsStream: boolean;
  /** Not null: a page that its browser will not let read the answer, and why. */
  readonly foreign: string | null;
}

/** Keeps nothing of the head itself: there may be a token in it. */
class SseOpening implements Opening {
  /** Not with a `since`: which time one in the future stands for depends on when it is asked. */
  readonly lasting: boolean;
  readonly #asked: Asked;
  readonly #manner: Manner;
  readonly #options: SseOptions;

  constructor(asked: Asked, manner: Manner, options: SseOptions) {
    this.lasting = asked.start.kind !== 'since' && manner.foreign === null;
    this.#asked = asked;
    this.#manner = manner;
    this.#options = options;
  }

  open(connection: StreamConnection): void {
    const { foreign } = this.#manner;
    // The stream is opened all the same: that nobody reads it is the browser's decision.
    if (foreign !== null) this.#options.admission.foreignPage(foreign, connection, 'sse');
    try {
      this.#options.admission.enter(connection.address);
      new SseConnection(connection, this.#asked, this.#options).begin(this.#asked, this.#manner.cors);
    } catch (error) {
      refuse(connection, error, this.#manner, this.#options);
    }
  }
}

interface Asked extends StreamRequest {
  readonly grant: Grant;
}

function read(request: StreamHead, { admission, requests }: SseOptions): Asked {
  admission.checkHost(header(request, 'host'));
  const grant = admission.authorise(tokenOf(request));
  const lastEventId = header(request, 'last-event-id');
  const start = lastEventId ? toResume(lastEventId) : undefined;
  return { ...requests.read(requests.parse(request.query), grant, { start }), grant };
}

/**
 * EventSource stops for good at an HTTP error. One that should come back later gets an empty stream with a
 * `retry:` instead; a client that does not say it wants an event stream gets the honest status.
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
