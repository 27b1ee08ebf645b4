/**
 * The floor: bare `net` sockets, and a loop that writes one shared Buffer to each. It answers any first bytes
 * with a stream's head and parses nothing. Any Node server costs at least this.
 */
import { createServer, type Socket } from 'node:net';
import { runOwnServer } from './own-server.ts';
import { sseFrame } from './sample.ts';

const sockets = new Set<Socket>();
const head = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n\r\nevent: ready\ndata: {}\n\n',
);

const server = createServer({ noDelay: true }, (socket) => {
  sockets.add(socket);
  socket.once('data', () => {
    socket.write(head);
    // Further bytes are dropped. Reading them also detects the end.
    socket.resume();
  });
  socket.on('close', () => sockets.delete(socket));
  socket.on('error', () => socket.destroy());
});

runOwnServer(server, (sequence, change) => {
  const frame = Buffer.from(sseFrame(sequence, change));
  for (const socket of sockets) socket.write(frame);
});
