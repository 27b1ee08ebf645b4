/** The end of a stream's bare socket. */
import type { Socket } from 'node:net';
import type { Clock } from '../lib/clock.ts';

/** The peer has this long to close its side too, ms; then the socket is destroyed. */
const lingerMs = 5_000;

/**
 * Sends the last bytes and our end of the connection. A peer that never ends its own, that keeps sending, or
 * whose socket does not drain would keep the socket open for ever: it would count as a subscriber and delay a
 * shutdown. The socket's own timeout does not help: each byte that the peer sends restarts it.
 */
export function endSoon(socket: Socket, last: Buffer | string, clock: Clock): void {
  socket.end(last);
  const cancel = clock.after(lingerMs, () => socket.destroy());
  socket.once('close', cancel);
}
