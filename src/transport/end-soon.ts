import type { Socket } from 'node:net';
import type { Clock } from '../lib/clock.ts';

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
