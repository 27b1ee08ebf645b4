/**
 * The floor: bare `net` sockets, one loop that writes one shared Buffer to each. It answers whatever comes
 * first with a stream's head and understands nothing: what it costs, any Node server must cost.
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
    // Nothing more is expected of a subscriber; what comes is dropped, and its end is noticed.
    socket.resume();
  });
  socket.on('close', () => sockets.delete(socket));
  socket.on('error', () => socket.destroy());
});

runOwnServer(server, (sequence, change) => {
  const frame = Buffer.from(sseFrame(sequence, change));
  for (const socket of sockets) socket.write(frame);
});
