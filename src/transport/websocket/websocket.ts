/**
 * Opens WebSockets (RFC 6455), subprotocol `manifeed.v1`: judges who asks, and answers the handshake itself, on
 * the bare socket.
 */
import { invalidParameter, ManifeedError } from '../../errors.ts';
import type { Grant } from '../../event/grant.ts';
import { disown } from '../../lib/socket-owner.ts';
import type { Admission } from '../admission.ts';
import { header, type Opening, type StreamConnection, type StreamHead, tokenOf } from '../head.ts';
import { ignoredParameters } from '../parameters.ts';
import { asManifeedError, writeError } from '../raw-response.ts';
import { WebSocketConnection, type WebSocketOptions } from './connection.ts';
import { answerHandshake, readHandshake } from './handshake.ts';

/** Reads what opens a WebSocket. Never throws: what is wrong is answered on the socket. */
export function readWebSocket(head: StreamHead, options: WebSocketOptions): Opening {
  try {
    const grant = grantOf(head, options.admission);
    refuseParameters(head.query);
    return new WebSocketOpening(readHandshake(head), grant, options);
  } catch (error) {
    return { lasting: false, open: (connection) => refuse(connection, error, options) };
  }
}

/** @returns null: the token is to come with the first message */
function grantOf(head: StreamHead, admission: Admission): Grant | null {
  admission.checkHost(header(head, 'host'));
  const origin = header(head, 'origin');
  const host = header(head, 'host');
  if (!admission.allowsOrigin(origin, host)) {
    const message = `open WebSocket: ${admission.explainOrigin(origin, host)}`;
    throw new ManifeedError('ORIGIN_DENIED', message, { detail: { parameter: 'Origin' } });
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
  readonly #grant: Grant | null;
  readonly #options: WebSocketOptions;

  constructor(answerLines: string, grant: Grant | null, options: WebSocketOptions) {
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
      return refuse(connection, error, this.#options);
    }
    const opened = new WebSocketConnection(connection, this.#options, this.#grant);
    if (rest.length > 0) opened.received(rest);
  }
}

function refuse(connection: StreamConnection, error: unknown, options: WebSocketOptions): void {
  const refusal = asManifeedError(error);
  const { socket } = connection;
  options.admission.refusedHandshake(refusal, connection, 'websocket');
  disown(socket);
  writeError(socket, refusal, '', options);
}
