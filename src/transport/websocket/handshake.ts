import { hash } from 'node:crypto';
import { ManifeedError } from '../../errors.ts';
import { header, type StreamHead } from '../head.ts';

export const subprotocol = 'manifeed.v1';

/** RFC 6455, 1.3. */
const acceptGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const keyGrammar = /^[+/0-9A-Za-z]{22}==$/;

/** Checks a handshake, except its key (RFC 6455, 4.2.1). @returns its subprotocol or '' @throws PARAMETER_INVALID */
export function readHandshake(request: StreamHead): string {
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
export function answerHandshake(key: string, protocol: string): string {
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
  return new ManifeedError('PARAMETER_INVALID', `open WebSocket: ${parameter}: ${required}`, {
    detail: { parameter },
  });
}
