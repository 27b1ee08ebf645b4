/** The end of a stream's bare socket. */
import type { Socket } from 'node:net';
import type { Clock } from '../lib/clock.ts';

/** For the peer to close its side too, ms; then the socket is cut. */
const lingerMs = 5_000;

/**
 * Sends the last bytes and our end of the connection. A peer that never ends its own, that goes on talking, or
 * whose socket does not drain would keep it for ever, counted as a subscriber and in the way of a shutdown. The
 * socket's own timeout was no choice: each byte of a talkative peer begins it anew.
 */
export function endSoon(socket: Socket, last: Buffer | string, clock: Clock): void {
  socket.end(last);
  const cancel = clock.after(lingerMs, () => socket.destroy());
  socket.once('close', cancel);
}
