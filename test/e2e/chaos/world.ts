/**
 * What chaos is wreaked on: gateways on one Redis pair, a registry that they poll, subscribers behind a balancer
 * and pushes through it.
 */
import type { Random } from '../../../src/lib/random.ts';
import { startFakeRegistry } from '../../support/fake-registry.ts';
import type { Transport } from '../../support/follower.ts';
import { openWallClocks, type WallClock } from '../../support/wall-clock.ts';
import { type Balancer, startBalancer } from './balancer.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { type Doors, openDoors } from './doors.ts';
import { ChaosMover } from './mover.ts';
import { ChaosPusher } from './pusher.ts';
import { ChaosRecord } from './record.ts';
import { type ChaosRedis, startChaosRedis } from './redis.ts';
import { chaosHooks } from './senders.ts';
import { ChaosSubscriber } from './subscriber.ts';

export interface ChaosOptions {
  readonly subscribers: number;
  /** Default: 0, the primary alone. */
  readonly minReplicas: number;
  readonly random: Random;
}

export interface ChaosWorld {
  readonly redis: ChaosRedis;
  readonly clocks: ChaosClocks;
  readonly cluster: Cluster;
  readonly balancer: Balancer;
  readonly doors: Doors;
  readonly pusher: ChaosPusher;
  readonly mover: ChaosMover;
  readonly subscribers: readonly ChaosSubscriber[];
  readonly record: ChaosRecord;
  close(): Promise<void>;
}

export interface ChaosClocks {
  /** Of each gateway. */
  readonly gateways: readonly WallClock[];
  /** Of both Redis servers; null: it can't be stepped on this machine. */
  readonly redis: WallClock | null;
}

export const gatewayCount = 3;
export const watchedRepositories = 10;
/** Of each watched repository, ms: the shortest that can be configured, so that a double look shows. */
export const pollIntervalMs = 1_000;
/** Beside them, as many as there are contenders. */
const lanes = 5;
/** Repositories whose tags move in the registry. */
const movedRepositories = 4;
const minuteMs = 60_000;
/** The gateways' clocks differ from the start, and Redis' from them, ms. */
const gatewayOffsetsMs = [0, 4 * minuteMs, -3 * minuteMs];
const redisOffsetMs = minuteMs;
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
    const wall = openWallClocks();
    keep({ close: async () => wall.close() });
    const clocks = {
      gateways: gatewayOffsetsMs.map((offsetMs) => wall.forNode(offsetMs)),
      redis: wall.forProgram(redisOffsetMs),
    };
    const redis = keep(await startChaosRedis(random, clocks.redis?.env ?? {}));
    const registry = keep(await startFakeRegistry({ maxLog: 0 }));
    const repositories = Array.from({ length: watchedRepositories }, (_, n) => `watched/app${n}`);
    const moved = Array.from({ length: movedRepositories }, (_, n) => `moved/app${n}`);
    for (const name of [...repositories, ...moved]) registry.push(name, 'latest', name);
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
      watch: [...repositories, ...moved].map((repository) => ({
        repository: `${registry.host}/${repository}`,
      })),
      webhooks: chaosHooks,
      // Waves of some tens of ms: deliveries overtake each other, and nothing takes long.
      pace: { deliveriesPerSecond: 10_000, burst: 20 },
      limits: { connectionsPerAddress: 10_000, newConnectionsPerSecond: 10_000, heartbeatInterval: '2s' },
    });
    const env = (number: number) => clocks.gateways[number]?.env ?? {};
    const cluster = keep(await startCluster({ count: gatewayCount, settings, env }));
    const ports = cluster.gateways.map(({ port }) => port);
    const balancer = keep(await startBalancer(ports, random));
    const pusher = new ChaosPusher({ port: balancer.port, lanes, everyMs: pushEveryMs });
    keep({ close: () => pusher.abandon() });
    const mover = new ChaosMover({ registry, repositories: moved, port: balancer.port, random });
    keep({ close: () => mover.stop() });
    const record = new ChaosRecord();
    const subscribers = Array.from({ length: options.subscribers }, (_, n) => {
      const transport = transports[n % transports.length] ?? 'sse';
      const { pushOf } = pusher;
      const one = new ChaosSubscriber({
        name: `${transport} ${n}`,
        transport,
        port: balancer.port,
        random,
        pushOf,
        record,
      });
      keep({ close: async () => one.stop() });
      return one;
    });
    return { redis, clocks, cluster, balancer, doors, pusher, mover, subscribers, record, close };
  } catch (error) {
    await close();
    throw error;
  }
}
