/** Opens WebSockets (RFC 6455), subprotocol `manifeed.v1`, on the fast road: answers the handshake itself. */
import { hash } from 'node:crypto';
import type { Socket } from 'node:net';
import { invalidParameter, type ManifeedError, refusalOf } from '../../errors.ts';
import type { Grant } from '../../event/grant.ts';
import { disown, own, type SocketOwner } from '../../lib/socket-owner.ts';
import type { Admission } from '../admission.ts';
import { header, type Opening, type StreamConnection, type StreamHead, tokenOrPasswordOf } from '../head.ts';
import { ignoredParameters } from '../parameters.ts';
import { asManifeedError, endSoon, writeError } from '../raw-response.ts';
import { WebSocketConnection } from './connection.ts';
import { closeFrame, isPong, pongFrame } from './frame.ts';
import type { WebSocketOptions } from './options.ts';
import type { WebSocketListener, WebSocketPort } from './port.ts';
import type { FrameReader } from './reader.ts';

/** Reads the head of a WebSocket request. Never throws: errors are answered on the socket. */
export function readWebSocket(head: StreamHead, options: WebSocketOptions): Opening {
  try {
    const { grant, protocol } = judge(head, options.admission);
    return openingOf(protocol, grant, options);
  } catch (error) {
    return { lasting: false, open: (connection) => refuseHandshake(connection, error, options) };
  }
}

/** The result of judging a handshake. */
export interface Judged {
  /** Null: the token comes with the first message. */
  readonly grant: Grant | null;
  /** The subprotocol of the answer; '' for none. */
  readonly protocol: string;
}

/** Judges a handshake, except its key. @throws ORIGIN_DENIED, UNAUTHORIZED, PARAMETER_INVALID */
export function judge(head: StreamHead, admission: Admission): Judged {
  const grant = grantOf(head, admission);
  refuseParameters(head.query);
  return { grant, protocol: readHandshake(head) };
}

/** Counts a judged client in. @throws as `Admission.enter` */
export function enter(grant: Grant | null, address: string, admission: Admission): void {
  if (grant === null) admission.enterWaiting(address);
  else admission.enter(address);
}

/** @returns null: the token comes with the first message */
function grantOf(head: StreamHead, admission: Admission): Grant | null {
  admission.checkHost(header(head, 'host'));
  const origin = header(head, 'origin');
  const host = header(head, 'host');
  if (!admission.origins.allows(origin, host)) {
    const message = `open WebSocket: ${admission.origins.explain(origin, host)}`;
    throw refusalOf('ORIGIN_DENIED', 'Origin', message);
  }
  const token = tokenOrPasswordOf(head);
  return token === null && admission.needsToken ? null : admission.authorise(token);
}

/** A client that puts its filter into the URL would otherwise wait for ever, without a subscription. */
function refuseParameters(query: string): void {
  if (query === '') return;
  for (const name of new URLSearchParams(query).keys()) {
    if (ignoredParameters.has(name)) continue;
    throw invalidParameter(
      name.slice(0, 100),
      `open WebSocket: ${name.slice(0, 100)}: no such parameter: filters are members of a subscribe message`,
    );
  }
}

/** Keeps nothing of the head: it may hold a token. */
function openingOf(protocol: string, grant: Grant | null, options: WebSocketOptions): Opening {
  return {
    lasting: true,
    open(connection) {
      const { socket, key, address } = connection;
      try {
        const answer = answerHandshake(key, protocol);
        enter(grant, address, options.admission);
        socket.write(answer, 'latin1');
      } catch (error) {
        return refuseHandshake(connection, error, options);
      }
      new WebSocketConnection(new BareSocket(socket, options), address, grant, options);
    },
  };
}

/** Answers a handshake with an HTTP error, counts it, and ends the connection. */
export function refuseHandshake(
  connection: Pick<StreamConnection, 'socket' | 'address'>,
  error: unknown,
  options: WebSocketOptions,
): void {
  const refusal = asManifeedError(error);
  const { socket } = connection;
  options.admission.refusedHandshake(refusal, connection, 'websocket');
  disown(socket);
  writeError(socket, refusal, '', options);
}

type BareSocketOptions = Pick<WebSocketOptions, 'readers' | 'clock'>;

/** The fast road's port: frames are built once for all clients, and `ws` parses what clients send. */
class BareSocket implements WebSocketPort, SocketOwner {
  readonly socket: Socket;
  readonly #options: BareSocketOptions;
  #listener: WebSocketListener | null = null;
  /** Not null once a message came in pieces. */
  #reader: FrameReader | null = null;

  constructor(socket: Socket, options: BareSocketOptions) {
    this.socket = socket;
    this.#options = options;
  }

  get backlogBytes(): number {
    return this.socket.writableLength;
  }

  listen(listener: WebSocketListener): void {
    this.#listener = listener;
    own(this.socket, this);
  }

  send(frames: Buffer): boolean {
    return this.socket.write(frames);
  }

  pong(data: Buffer): void {
    this.socket.write(pongFrame(data));
  }

  close(code: number, reason: string): void {
    endSoon(this.socket, closeFrame(code, reason), this.#options.clock);
  }

  pause(): void {
    // Messages that may wait are too long for the shared parser.
    if (this.#reader !== null) this.#reader.isPaused = true;
    this.socket.pause();
  }

  resume(): void {
    if (this.#reader !== null) this.#reader.isPaused = false;
    this.socket.resume();
  }

  cut(): void {
    this.socket.destroy();
  }

  received(bytes: Buffer): void {
    const listener = this.#listener;
    if (listener === null) return;
    // The common case: the answer to a heartbeat needs no parser.
    if (this.#reader === null && isPong(bytes)) return listener.onPong();
    if (this.#reader === null && this.#options.readers.readWhole(bytes, listener)) return;
    this.#reader ??= this.#options.readers.create();
    const ready = this.#reader.read(bytes, listener, () => this.socket.resume());
    // The parser works as it is written to, so only a flood gets here.
    if (!ready) this.socket.pause();
  }

  drained(): void {
    this.#listener?.onDrain();
  }

  closed(): void {
    this.#reader?.close();
    this.#listener?.onGone();
  }
}

const subprotocol = 'manifeed.v1';

/** RFC 6455, 1.3. */
const acceptGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const keyGrammar = /^[+/0-9A-Za-z]{22}==$/;

/** Checks a handshake, except its key (RFC 6455, 4.2.1). @returns its subprotocol or '' @throws PARAMETER_INVALID */
function readHandshake(request: StreamHead): string {
  if (header(request, 'upgrade')?.toLowerCase() !== 'websocket') throw refuse('Upgrade', 'must be websocket');
  // Without it node:http would go on reading requests from our socket (RFC 6455, 4.2.1).
  if (!/(?:^|,)\s*upgrade\s*(?:,|$)/i.test(header(request, 'connection') ?? ''))
    throw refuse('Connection', 'must be Upgrade');
  if (header(request, 'sec-websocket-version') !== '13') throw refuse('Sec-WebSocket-Version', 'must be 13');
  return chosenProtocol(request);
}

/** @throws PARAMETER_INVALID for an invalid `Sec-WebSocket-Key` */
export function checkKey(key: string): void {
  if (!keyGrammar.test(key)) throw refuse('Sec-WebSocket-Key', 'must be 16 bytes in base64');
}

/** The answer to an opening handshake (RFC 6455, 4.2.2). @throws PARAMETER_INVALID for the key */
function answerHandshake(key: string, protocol: string): string {
  checkKey(key);
  const chosen = protocol === '' ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`;
  const accept = hash('sha1', key + acceptGuid, 'base64');
  return (
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${accept}\r\n${chosen}\r\n`
  );
}

/** A client that names no subprotocol gets none; one that names only others is refused. */
function chosenProtocol(request: StreamHead): string {
  const offered = header(request, 'sec-websocket-protocol');
  if (offered === undefined) return '';
  if (offered !== subprotocol && !offered.split(',').some((name) => name.trim() === subprotocol)) {
    throw refuse('Sec-WebSocket-Protocol', `must offer ${subprotocol}`);
  }
  return subprotocol;
}

function refuse(parameter: string, required: string): ManifeedError {
  return invalidParameter(parameter, `open WebSocket: ${parameter}: ${required}`);
}
