/**
 * The acts of chaos. Each leaves the world whole again, but for clocks, which stay wrong; and says when it may have
 * cost polls their order.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../../src/lib/random.ts';
import { type ChaosWorld, gatewayCount } from './world.ts';

export interface Act {
  readonly name: string;
  /** Whether leases may be lost with it: then two gateways may poll one repository for a moment. */
  readonly losesLeases: boolean;
  /** What was acknowledged and may be gone with it: everything, or what no replica had. */
  readonly loses?: 'all' | 'unreplicated';
  /** Whether this machine can play it. Default: yes. */
  readonly isPossible?: (world: ChaosWorld) => boolean;
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

/** Seconds to hours, forwards or back, ms: small steps as often as large ones. */
function anyStep(random: Random): number {
  const size = Math.exp(between(random, Math.log(1_000), Math.log(12 * 3_600_000)));
  return random() < 0.5 ? size : -size;
}

const clockActs: readonly Act[] = [
  {
    name: 'step the clock of a gateway',
    losesLeases: false,
    async run({ clocks }, random) {
      clocks.gateways[anyGateway(random)]?.set(anyStep(random));
      await sleep(between(random, 500, 2_000));
    },
  },
  {
    name: "step Redis' clock",
    // Leases are measured on it.
    losesLeases: true,
    isPossible: ({ clocks }) => clocks.redis !== null,
    async run({ clocks }, random) {
      clocks.redis?.set(anyStep(random));
      await sleep(between(random, 500, 2_000));
    },
  },
  {
    name: 'step all clocks at once',
    losesLeases: true,
    async run({ clocks }, random) {
      const stepMs = anyStep(random);
      for (const clock of [...clocks.gateways, clocks.redis]) clock?.set(clock.offsetMs + stepMs);
      await sleep(between(random, 500, 2_000));
    },
  },
];

export const acts: readonly Act[] = [
  ...clockActs,
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
    loses: 'unreplicated',
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
    loses: 'all',
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
