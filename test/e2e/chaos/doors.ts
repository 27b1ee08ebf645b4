/** Doors to one registry, one for each gateway, so that it can be told which of them asked what. */
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FakeRegistry } from '../../support/fake-registry.ts';

export interface Asked {
  /** Number of the door. */
  readonly door: number;
  readonly repository: string;
  /** `tags` or `manifests` */
  readonly what: string;
  /** ms since the epoch */
  readonly at: number;
}

export interface Doors {
  /** For `registries[].endpoint`, one a door. */
  readonly urls: readonly string[];
  readonly log: readonly Asked[];
  close(): Promise<void>;
}

export async function openDoors(registry: FakeRegistry, count: number): Promise<Doors> {
  const log: Asked[] = [];
  const agent = new Agent({ keepAlive: true });
  const upstream = new URL(registry.url);
  const servers = Array.from({ length: count }, (_, door) =>
    createServer({ keepAliveTimeout: 60_000 }, (asked, reply) => {
      const match = /^\/v2\/(.+)\/(tags|manifests)\//.exec(asked.url ?? '');
      if (match !== null)
        log.push({ door, repository: match[1] ?? '', what: match[2] ?? '', at: Date.now() });
      const { method = 'GET', url: path = '/', headers } = asked;
      const forwarded = request(
        { agent, host: '127.0.0.1', port: upstream.port, method, path, headers },
        (answer) => {
          reply.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(reply);
        },
      );
      forwarded.on('error', () => reply.destroy());
      asked.pipe(forwarded);
    }),
  );
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))),
  );
  return {
    urls: servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    log,
    async close() {
      agent.destroy();
      await Promise.all(
        servers.map((server) => {
          server.closeAllConnections();
          return new Promise<void>((resolve) => server.close(() => resolve()));
        }),
      );
    },
  };
}

/** Two looks at one repository through different doors. */
export interface Handover {
  readonly repository: string;
  readonly from: number;
  readonly to: number;
  /** ms since the epoch, of the second look's first request */
  readonly at: number;
  /** ms between the last request of the one and the first of the other */
  readonly gapMs: number;
}

/** Each time that another gateway asked about a repository than the one before. */
export function handovers(log: readonly Asked[]): Handover[] {
  const last = new Map<string, Asked>();
  const found: Handover[] = [];
  for (const asked of log) {
    const { repository, door: to, at } = asked;
    const before = last.get(repository);
    last.set(repository, asked);
    if (before !== undefined && before.door !== to)
      found.push({ repository, from: before.door, to, at, gapMs: at - before.at });
  }
  return found;
}
