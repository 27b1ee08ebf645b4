/** Answers what node:http could not read as a request: such errors bypass fastify's error handler. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type ErrorCode, invalidParameter, ManifeedError } from '../errors.ts';

/** A query may name a thousand repositories, more than fits into node:http's default of 16 KiB. */
export const maxHeadBytes = 64 * 1024;

interface ReadError extends Error {
  readonly code?: string;
}

/** Codes of node:http ("Event: 'clientError'"); all others are bad syntax. */
const known: Readonly<Record<string, readonly [code: ErrorCode, message: string]>> = {
  HPE_HEADER_OVERFLOW: [
    'HEAD_TOO_LARGE',
    `read request: head too large: must be at most ${maxHeadBytes} bytes`,
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ['REQUEST_TIMEOUT', 'read request: incomplete: must arrive in time'],
};
const badSyntax = ['REQUEST_INVALID', 'read request: not valid HTTP: must be as RFC 9112 has it'] as const;

/** Answers 400, 408 or 431, and closes the socket. */
export function answerClientError(error: ReadError, socket: Socket): void {
  // Reset by the peer: nobody is there to read an answer.
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [code, message] = known[error.code ?? ''] ?? badSyntax;
  const refusal = new ManifeedError(code, message);
  const body = JSON.stringify(refusal.toBody());
  socket.write(
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? 'Error'}\r\n` +
      `Content-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  );
  socket.destroySoon();
}

/** Answers an `Expect` other than `100-continue` (RFC 9110, 10.1.1); node:http's own 417 has no body. */
export function answerExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const refusal = invalidParameter('Expect', 'read request: Expect: not known here: must be 100-continue');
  const body = JSON.stringify(refusal.toBody());
  response.writeHead(refusal.status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    // A body may follow that nobody reads.
    connection: 'close',
  });
  response.end(body);
}
