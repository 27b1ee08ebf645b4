/** Naive SSE: node:http, and `response.write` of a string for each subscriber. */
import { createServer, type ServerResponse } from 'node:http';
import { runOwnServer } from './own-server.ts';
import { sseFrame } from './sample.ts';

const responses = new Set<ServerResponse>();

const server = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.write('event: ready\ndata: {}\n\n');
  responses.add(response);
  request.on('close', () => responses.delete(response));
});

runOwnServer(server, (sequence, change) => {
  for (const response of responses) response.write(sseFrame(sequence, change));
});
