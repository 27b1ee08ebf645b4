/** The acts of chaos. Each leaves the world whole again, and says when it may have cost polls their order. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../src/lib/random.ts';
import { type ChaosWorld, gatewayCount } from './chaos-world.ts';

export interface Act {
  readonly name: string;
  /** Whether leases may be lost with it: then two gateways may poll one repository for a moment. */
  readonly losesLeases: boolean;
  /** Whether what was acknowledged is gone with it, whatever replicas had. */
  readonly losesAll?: true;
  run(world: ChaosWorld, random: Random): Promise<void>;
}

const between = (random: Random, fromMs: number, toMs: number) => fromMs + random() * (toMs - fromMs);
const anyGateway = (random: Random) => Math.floor(random() * gatewayCount);

/** All gateways but those in `without` get connections. */
function route({ cluster, balancer }: ChaosWorld, without: readonly number[]): void {
  balancer.setTargets(cluster.gateways.flatMap(({ port }, n) => (without.includes(n) ? [] : [port])));
}

async function killGateway(world: ChaosWorld, number: number): Promise<void> {
  const gateway = world.cluster.at(number);
  await gateway.stop('SIGKILL');
  world.balancer.cut(1, gateway.port);
}

export const acts: readonly Act[] = [
  {
    name: 'kill -9 a gateway',
    losesLeases: false,
    async run(world, random) {
      const number = anyGateway(random);
      route(world, [number]);
      await killGateway(world, number);
      await world.cluster.restart(number);
      route(world, []);
    },
  },
  {
    name: 'stop a gateway for a while, unnoticed by the balancer',
    losesLeases: false,
    async run(world, random) {
      const gateway = world.cluster.at(anyGateway(random));
      gateway.child.kill('SIGSTOP');
      await sleep(between(random, 200, 3_000));
      gateway.child.kill('SIGCONT');
    },
  },
  {
    name: 'stop a gateway, and lead its subscribers elsewhere',
    losesLeases: false,
    async run(world, random) {
      const number = anyGateway(random);
      const gateway = world.cluster.at(number);
      gateway.child.kill('SIGSTOP');
      route(world, [number]);
      world.balancer.cut(1, gateway.port);
      await sleep(between(random, 500, 3_000));
      gateway.child.kill('SIGCONT');
      route(world, []);
    },
  },
  {
    name: 'fail Redis over',
    losesLeases: true,
    run: (world) => world.redis.failOver(),
  },
  {
    name: 'kill Redis and start it again',
    losesLeases: true,
    run: (world) => world.redis.restart(),
  },
  {
    name: 'empty Redis',
    losesLeases: true,
    losesAll: true,
    run: (world) => world.redis.empty(),
  },
  {
    name: 'stop Redis for a while',
    losesLeases: false,
    async run(world, random) {
      world.redis.pause();
      await sleep(between(random, 200, 4_500));
      world.redis.resume();
    },
  },
  {
    name: 'cut the channel',
    losesLeases: false,
    run: (world) => world.redis.cutChannel(),
  },
  {
    name: 'cut all connections to Redis',
    losesLeases: false,
    run: async (world) => world.redis.cutAll(),
  },
  {
    name: 'cut half of the subscribers',
    losesLeases: false,
    run: async (world) => world.balancer.cut(0.5),
  },
  {
    name: 'restart everything',
    losesLeases: true,
    async run(world) {
      world.balancer.setTargets([]);
      await Promise.all(world.cluster.gateways.map((_, number) => killGateway(world, number)));
      await world.redis.restart();
      await Promise.all(world.cluster.gateways.map((_, number) => world.cluster.restart(number)));
      route(world, []);
    },
  },
];
