/**
 * Who hears of a bare socket. Its listeners are shared functions that find the owner on the socket: five
 * closures for each of 20,000 sockets are a tenth of what a subscriber costs, and whoever takes a socket over
 * would otherwise spend more on taking listeners off and putting others on than on reading the request.
 */
import type { Socket } from 'node:net';

/** What an owner hears of its socket. The socket destroys itself at an error, and when the peer half-closes. */
export interface SocketOwner {
  /** Bytes from the peer. */
  received(bytes: Buffer, socket: Socket): void;
  /** The socket took all that was queued. */
  drained(socket: Socket): void;
  /** Once, when the socket is gone. */
  closed(socket: Socket): void;
}

const ownerOf = Symbol('owner');
type OwnedSocket = Socket & { [ownerOf]?: SocketOwner | undefined };

function onData(this: OwnedSocket, bytes: Buffer): void {
  this[ownerOf]?.received(bytes, this);
}

function onDrain(this: OwnedSocket): void {
  this[ownerOf]?.drained(this);
}

function onClose(this: OwnedSocket): void {
  this[ownerOf]?.closed(this);
}

/** For errors, and for a peer that half-closes: it has gone, nothing can be asked of it any more. */
function destroy(this: Socket): void {
  this.destroy();
}

/** From now on `owner` hears of the socket, and whoever did before, or listened to its data, does not. */
export function own(socket: Socket, owner: SocketOwner): void {
  const owned: OwnedSocket = socket;
  const isNew = owned[ownerOf] === undefined;
  owned[ownerOf] = owner;
  if (!isNew) return;
  // On the ordinary road node:http's parser is still listening: it would take what a client says in its stream
  // for requests, and answer them there.
  socket.removeAllListeners('data');
  socket.on('error', destroy);
  socket.on('end', destroy);
  socket.on('close', onClose);
  socket.on('drain', onDrain);
  socket.on('data', onData);
}

/** The socket has no owner any more, and no listener of ours; for whoever sets up their own. */
export function release(socket: Socket): void {
  const owned: OwnedSocket = socket;
  // Not deleted: that would turn the socket into a slow dictionary.
  owned[ownerOf] = undefined;
  socket.off('error', destroy);
  socket.off('end', destroy);
  socket.off('close', onClose);
  socket.off('drain', onDrain);
  socket.off('data', onData);
}

const nobody: SocketOwner = { received() {}, drained() {}, closed() {} };

/** For a socket that is only told why it is refused. */
export function disown(socket: Socket): void {
  own(socket, nobody);
  socket.resume();
}
