/**
 * What chaos is wreaked on: gateways on one Redis pair, a registry that they poll, subscribers behind a balancer
 * and pushes through it.
 */
import type { Random } from '../../src/lib/random.ts';
import { type Balancer, startBalancer } from './chaos-balancer.ts';
import { type Cluster, startCluster } from './chaos-cluster.ts';
import { type Doors, openDoors } from './chaos-doors.ts';
import { ChaosPusher } from './chaos-pusher.ts';
import { type ChaosRedis, startChaosRedis } from './chaos-redis.ts';
import { ChaosSubscriber } from './chaos-subscriber.ts';
import { startFakeRegistry } from './fake-registry.ts';
import type { Transport } from './follower.ts';

export interface ChaosOptions {
  readonly subscribers: number;
  /** Default: 0, the primary alone. */
  readonly minReplicas: number;
  readonly random: Random;
}

export interface ChaosWorld {
  readonly redis: ChaosRedis;
  readonly cluster: Cluster;
  readonly balancer: Balancer;
  readonly doors: Doors;
  readonly pusher: ChaosPusher;
  readonly subscribers: readonly ChaosSubscriber[];
  close(): Promise<void>;
}

export const gatewayCount = 3;
export const watchedRepositories = 10;
/** Of each watched repository, ms: the shortest that can be configured, so that a double look shows. */
export const pollIntervalMs = 1_000;
const lanes = 8;
const pushEveryMs = 300;
const transports: readonly Transport[] = ['sse', 'websocket', 'long-poll'];

export async function openChaosWorld(options: ChaosOptions): Promise<ChaosWorld> {
  const { random } = options;
  const opened: { close(): Promise<unknown> }[] = [];
  const close = async () => {
    for (const one of opened.reverse()) await one.close();
  };
  const keep = <T extends { close(): Promise<unknown> }>(one: T): T => {
    opened.push(one);
    return one;
  };
  try {
    const redis = keep(await startChaosRedis(random));
    const registry = keep(await startFakeRegistry({ maxLog: 0 }));
    const repositories = Array.from({ length: watchedRepositories }, (_, n) => `watched/app${n}`);
    for (const repository of repositories) registry.push(repository, 'latest', repository);
    const doors = keep(await openDoors(registry, gatewayCount));
    const settings = (number: number) => ({
      ledger: { url: redis.url, minReplicas: options.minReplicas },
      registries: [
        {
          host: registry.host,
          plainHttp: true,
          endpoint: doors.urls[number],
          poll: { interval: '1s', minInterval: '1s', maxInterval: '1s', requestsPerSecond: 100 },
        },
      ],
      watch: repositories.map((repository) => ({ repository: `${registry.host}/${repository}` })),
      // Waves of some tens of ms: deliveries overtake each other, and nothing takes long.
      pace: { deliveriesPerSecond: 10_000, burst: 20 },
      limits: { connectionsPerAddress: 10_000, newConnectionsPerSecond: 10_000, heartbeatInterval: '2s' },
    });
    const cluster = keep(await startCluster({ count: gatewayCount, settings }));
    const ports = cluster.gateways.map(({ port }) => port);
    const balancer = keep(await startBalancer(ports, random));
    const pusher = new ChaosPusher({ port: balancer.port, lanes, everyMs: pushEveryMs });
    keep({ close: () => pusher.abandon() });
    const subscribers = Array.from({ length: options.subscribers }, (_, n) => {
      const transport = transports[n % transports.length] ?? 'sse';
      const { pushOf } = pusher;
      const one = new ChaosSubscriber({
        name: `${transport} ${n}`,
        transport,
        port: balancer.port,
        random,
        pushOf,
      });
      keep({ close: async () => one.stop() });
      return one;
    });
    return { redis, cluster, balancer, doors, pusher, subscribers, close };
  } catch (error) {
    await close();
    throw error;
  }
}
