/**
 * Routes the events of a bare socket to its one owner. The listeners are shared functions that find the owner on
 * the socket. Five closures for each of 20,000 sockets would be a tenth of a subscriber's memory, and replacing
 * them at each change of owner would cost more than reading the request.
 */
import type { Socket } from 'node:net';

/** What the owner of a socket receives. The socket destroys itself on an error, and when the peer half-closes. */
export interface SocketOwner {
  received(bytes: Buffer, socket: Socket): void;
  /** The socket has written all that was queued. */
  drained(socket: Socket): void;
  /** The socket is gone. Called once. */
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

/** On an error, and when the peer half-closes: it has left and expects no more. */
function destroy(this: Socket): void {
  this.destroy();
}

/** From now on only `owner` receives the socket's events. */
export function own(socket: Socket, owner: SocketOwner): void {
  const owned: OwnedSocket = socket;
  const isNew = owned[ownerOf] === undefined;
  owned[ownerOf] = owner;
  if (!isNew) return;
  // On the ordinary road node:http's parser still listens, and would answer the client's frames as requests.
  socket.removeAllListeners('data');
  socket.on('error', destroy);
  socket.on('end', destroy);
  socket.on('close', onClose);
  socket.on('drain', onDrain);
  socket.on('data', onData);
}

/** Removes the owner and our listeners, so that other code can set up its own. */
export function release(socket: Socket): void {
  const owned: OwnedSocket = socket;
  // Not deleted: that would turn the socket into a slow dictionary object.
  owned[ownerOf] = undefined;
  socket.off('error', destroy);
  socket.off('end', destroy);
  socket.off('close', onClose);
  socket.off('drain', onDrain);
  socket.off('data', onData);
}

const nobody: SocketOwner = { received() {}, drained() {}, closed() {} };

/** Ignores whatever a socket still sends, for a socket that only receives a refusal. */
export function disown(socket: Socket): void {
  own(socket, nobody);
  socket.resume();
}
