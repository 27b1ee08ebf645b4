/** Opens WebSockets (RFC 6455), subprotocol `manifeed.v1`, on the fast road: answers the handshake itself. */
import { invalidParameter, ManifeedError } from '../../errors.ts';
import type { Grant } from '../../event/grant.ts';
import { disown } from '../../lib/socket-owner.ts';
import type { Admission } from '../admission.ts';
import { header, type Opening, type StreamConnection, type StreamHead, tokenOf } from '../head.ts';
import { ignoredParameters } from '../parameters.ts';
import { asManifeedError, writeError } from '../raw-response.ts';
import { BareSocket } from './bare-socket.ts';
import { WebSocketConnection } from './connection.ts';
import { answerHandshake, readHandshake } from './handshake.ts';
import type { WebSocketOptions } from './options.ts';

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
    throw new ManifeedError('ORIGIN_DENIED', message, { detail: { parameter: 'Origin' } });
  }
  const token = tokenOf(head);
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
