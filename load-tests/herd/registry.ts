/** Only answers HEADs of manifests, and records when each came. */
import { createServer } from 'node:http';
import { hrMs } from '../bench/control.ts';
import { randomDigest } from '../bench/sample.ts';
import type { Collect, FromRegistry } from './messages.ts';

/** Larger than any herd here. Further requests are answered but not recorded. */
const maxRemembered = 1_000_000;

const digest = randomDigest();
let arrivals: number[] = [];

const server = createServer((request, response) => {
  if (request.method !== 'HEAD' || !/^\/v2\/.+\/manifests\/[^/]+$/.test(request.url ?? '')) {
    response.writeHead(404).end();
    return;
  }
  if (arrivals.length < maxRemembered) arrivals.push(hrMs());
  response.writeHead(200, { 'docker-content-digest': digest, 'content-length': 10229 }).end();
});
// Clients keep their connections during the whole run.
server.keepAliveTimeout = 600_000;

function tell(message: FromRegistry): void {
  process.send?.(message);
}

process.on('message', (message: Collect) => {
  if (message.kind !== 'collect') return;
  tell({ kind: 'collected', at: Float64Array.from(arrivals) });
  arrivals = [];
});

server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('listen: no port');
  tell({ kind: 'listening', port: address.port });
});
