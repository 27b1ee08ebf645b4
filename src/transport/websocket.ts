/**
 * Opens WebSockets (RFC 6455), subprotocol `manifeed.v1`: judges who asks, and answers the handshake itself, on
 * the bare socket.
 */
import type { Socket } from 'node:net';
import { invalidParameter, ManifeedError } from '../errors.ts';
import { disown } from '../lib/socket-owner.ts';
import { asManifeedError, writeError } from './raw-response.ts';
import {
  type Admission,
  header,
  type Opening,
  type StreamConnection,
  type StreamHead,
  tokenOf,
} from './stream-request.ts';
import { type ClientGrant, ignoredParameters } from './subscribe-params.ts';
import { WebSocketConnection, type WebSocketOptions } from './websocket-connection.ts';
import { answerHandshake, readHandshake } from './websocket-handshake.ts';

/** Reads what opens a WebSocket. Never throws: what is wrong is answered on the socket. */
export function readWebSocket(head: StreamHead, options: WebSocketOptions): Opening {
  try {
    const grant = grantOf(head, options.admission);
    refuseParameters(head.query);
    return new WebSocketOpening(readHandshake(head), grant, options);
  } catch (error) {
    return { lasting: false, open: ({ socket }) => refuse(socket, error, options) };
  }
}

/** @returns null: the token is to come with the first message */
function grantOf(head: StreamHead, admission: Admission): ClientGrant | null {
  admission.checkHost(header(head, 'host'));
  if (!admission.allowsOrigin(header(head, 'origin'), header(head, 'host'))) {
    throw new ManifeedError(
      'ORIGIN_DENIED',
      'open WebSocket: this Origin is not allowed: must be in cors.origins',
      { detail: { parameter: 'Origin' } },
    );
  }
  const token = tokenOf(head);
  return token === null && admission.needsToken ? null : admission.authorise(token);
}

/** Who puts a filter into the URL would otherwise wait for ever on a connection that asks for nothing. */
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

/** Keeps nothing of the head itself: there may be a token in it. */
class WebSocketOpening implements Opening {
  readonly lasting = true;
  readonly #answerLines: string;
  readonly #grant: ClientGrant | null;
  readonly #options: WebSocketOptions;

  constructor(answerLines: string, grant: ClientGrant | null, options: WebSocketOptions) {
    this.#answerLines = answerLines;
    this.#grant = grant;
    this.#options = options;
  }

  open(connection: StreamConnection): void {
    const { socket, key, address, rest } = connection;
    try {
      const answer = answerHandshake(key, this.#answerLines);
      if (this.#grant === null) this.#options.admission.enterWaiting(address);
      else this.#options.admission.enter(address);
      socket.write(answer, 'latin1');
    } catch (error) {
      return refuse(socket, error, this.#options);
    }
    const opened = new WebSocketConnection(connection, this.#options, this.#grant);
    if (rest.length > 0) opened.received(rest);
  }
}

function refuse(socket: Socket, error: unknown, options: WebSocketOptions): void {
  const refusal = asManifeedError(error);
  options.admission.refused(refusal.code);
  disown(socket);
  writeError(socket, refusal, '', options);
}
