/** A stub of a gateway, in a process of its own: it sends recorded bytes as fast as they are read. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { opcodes } from '../../src/transport/websocket/frame.ts';
import { answer, type Recording, sse, webSocket } from './recording.ts';

/** RFC 6455, 1.3. */
const handshakeId = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Sends a recording until the reader leaves. */
function sendForEver(socket: Socket, { begin, changes }: Recording): void {
  socket.on('error', () => socket.destroy());
  socket.write(begin);
  const send = () => {
    while (!socket.destroyed && socket.write(changes));
  };
  socket.on('drain', send);
  send();
}

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://stub');
  if (url.pathname === '/v1/events') {
    // On the bare socket and without chunks, as the gateway does it.
    const socket = request.socket;
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n');
    return sendForEver(socket, sse);
  }
  const { body, link } = answer(Number(url.searchParams.get('n') ?? 100));
  response.writeHead(200, { 'content-type': 'application/json', link }).end(body);
});

server.on('upgrade', (request, socket: Socket) => {
  const key = request.headers['sec-websocket-key'] ?? '';
  const accept = createHash('sha1').update(`${key}${handshakeId}`).digest('base64');
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: manifeed.v1\r\n\r\n`,
  );
  // A client that leaves says so (RFC 6455, 5.5.1), and waits for the end of the connection.
  socket.on('data', (bytes) => {
    if (((bytes[0] ?? 0) & 0xf) === opcodes.close) socket.destroy();
  });
  sendForEver(socket, webSocket);
});

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
