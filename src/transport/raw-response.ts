import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ManifeedError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';

interface RawResponseOptions {
  readonly clock: Clock;
  readonly random: Random;
}

/** Seconds that a refused client should wait; random, so that refused clients do not return together. */
export function retryAfterSeconds(random: Random): number {
  return 1 + Math.floor(random() * 10);
}

/** Writes an HTTP error in the registry's shape to a bare socket, and ends the connection. */
export function writeError(
  socket: Socket,
  error: ManifeedError,
  headers: string,
  options: RawResponseOptions,
): void {
  const body = JSON.stringify(error.toBody());
  const retry = error.retryable ? `Retry-After: ${retryAfterSeconds(options.random)}\r\n` : '';
  const challenge = error.code === 'UNAUTHORIZED' ? 'WWW-Authenticate: Bearer realm="manifeed"\r\n' : '';
  endSoon(
    socket,
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? 'Error'}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n` +
      `${retry}${challenge}${headers}\r\n${body}`,
    options.clock,
  );
}

/** The error itself if it is ours, else INTERNAL with it as cause. */
export function asManifeedError(error: unknown): ManifeedError {
  if (error instanceof ManifeedError) return error;
  return new ManifeedError('INTERNAL', 'serve stream: internal error', { cause: error });
}

/** Time for the peer to close its side too; then the socket is destroyed. */
const lingerMs = 5_000;

/**
 * Sends the last bytes and ends our side. A peer that does not end its own would keep the socket open for ever: it
 * would count as a subscriber and delay a shutdown. The socket's own timeout does not help: each byte from the peer
 * restarts it.
 */
export function endSoon(socket: Socket, last: Buffer | string, clock: Clock): void {
  socket.end(last);
  const cancel = clock.after(lingerMs, () => socket.destroy());
  socket.once('close', cancel);
}
