/** What the bench's own servers share: they listen on a free port, report it, and publish on request. */
import type { Server } from 'node:net';
import type { FromServer, ToServer } from './control.ts';

export function runOwnServer(server: Server, publish: (sequence: number, change: string) => void): void {
  let sequence = 0;
  process.on('message', (message: ToServer) => {
    if (message.kind === 'publish') publish(++sequence, message.change);
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('listen: no port');
    const listening: FromServer = { kind: 'listening', port: address.port };
    process.send?.(listening);
  });
}
