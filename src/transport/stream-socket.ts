/**
 * The listeners of a stream's bare socket. Shared functions that find their connection on the socket, because
 * five closures for each of 20,000 sockets are a tenth of what a subscriber costs.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../lib/clock.ts';

/** What a connection wants to hear of its socket. */
export interface SocketOwner {
  /** The socket took all that was queued. */
  drained(): void;
  /** Once, when the socket is gone. */
  closed(): void;
  /** Bytes from the peer. */
  received(bytes: Buffer): void;
}

const ownerOf = Symbol('owner');
type OwnedSocket = Socket & { [ownerOf]?: SocketOwner };

function onDrain(this: OwnedSocket): void {
  this[ownerOf]?.drained();
}

function onClose(this: OwnedSocket): void {
  this[ownerOf]?.closed();
}

function onData(this: OwnedSocket, bytes: Buffer): void {
  this[ownerOf]?.received(bytes);
}

/** For errors, and for a peer that half-closes: it has gone, nothing can be asked of it any more. */
function destroy(this: Socket): void {
  this.destroy();
}

export function own(socket: Socket, owner: SocketOwner): void {
  // On the ordinary road node:http's parser is still listening: it would take what a client says in its stream
  // for requests, and answer them there.
  socket.removeAllListeners('data');
  Object.assign(socket, { [ownerOf]: owner });
  socket.setNoDelay(true);
  socket.on('drain', onDrain);
  socket.on('close', onClose);
  socket.on('error', destroy);
  socket.on('end', destroy);
  socket.on('data', onData);
}

/** For a socket that is only told why it is refused. */
export function disown(socket: Socket): void {
  socket.removeAllListeners('data');
  socket.on('error', destroy);
  socket.resume();
}

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
