/**
 * A TCP forwarder: before gateways it is their load balancer, before Redis the address that moves at a failover.
 * What passes is not looked at.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Random } from '../../../src/lib/random.ts';

export interface Balancer {
  readonly port: number;
  /** Where new connections go: any of these ports; nowhere while there is none. */
  setTargets(ports: readonly number[]): void;
  /** Cuts connections, those to `port` or all, each with this probability. */
  cut(share: number, port?: number): void;
  close(): Promise<void>;
}

export async function startBalancer(targets: readonly number[], random: Random): Promise<Balancer> {
  let ports = targets;
  const pairs = new Map<Socket, { readonly target: Socket; readonly port: number }>();
  const end = (client: Socket) => {
    const pair = pairs.get(client);
    pairs.delete(client);
    client.destroy();
    pair?.target.destroy();
  };
  const server = createServer({ noDelay: true }, (client) => {
    const port = ports[Math.floor(random() * ports.length)];
    if (port === undefined) return void client.destroy();
    const target = connect({ host: '127.0.0.1', port, noDelay: true });
    pairs.set(client, { target, port });
    for (const socket of [client, target]) {
      socket.on('error', () => end(client));
      socket.on('close', () => end(client));
    }
    client.pipe(target);
    target.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4_096, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    setTargets(next) {
      ports = next;
    },
    cut(share, port) {
      for (const [client, pair] of pairs) {
        if ((port === undefined || pair.port === port) && random() < share) end(client);
      }
    },
    async close() {
      ports = [];
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const client of [...pairs.keys()]) end(client);
      await closed;
    },
  };
}
