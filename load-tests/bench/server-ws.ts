/** Naive WebSocket: the `ws` library, and `socket.send` of a string for each subscriber. */
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { runOwnServer } from './own-server.ts';
import { webSocketMessage } from './sample.ts';

const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });

sockets.on('connection', (socket) => {
  socket.on('message', () => socket.send('{"type":"ready"}'));
});

runOwnServer(server, (sequence, change) => {
  const message = webSocketMessage(sequence, change);
  for (const socket of sockets.clients) socket.send(message);
});
