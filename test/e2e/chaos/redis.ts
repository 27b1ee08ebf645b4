/** A Redis primary and its replica behind one address that follows whoever is primary. */
import type { Random } from '../../../src/lib/random.ts';
import { type RedisNode, startRedisPair } from '../../support/redis.ts';
import { until } from '../../support/until.ts';
import { type Balancer, startBalancer } from './balancer.ts';

export interface ChaosRedis {
  /** Where gateways find the primary, whichever node that is. */
  readonly url: string;
  /** Kills the primary, promotes the replica and takes the old primary back as its replica. */
  failOver(): Promise<void>;
  /** Kills the primary and starts it again on what its disk has. */
  restart(): Promise<void>;
  /** All keys are gone. */
  empty(): Promise<void>;
  pause(): void;
  resume(): void;
  /** Cuts the connections on which gateways hear the channel. */
  cutChannel(): Promise<void>;
  /** Cuts all connections of gateways. */
  cutAll(): void;
  close(): Promise<void>;
}

const followTimeoutMs = 30_000;

export async function startChaosRedis(
  random: Random,
  env: Readonly<Record<string, string>>,
): Promise<ChaosRedis> {
  const pair = await startRedisPair(['--appendonly', 'yes', '--appendfsync', 'always'], env);
  let { primary, replica } = pair;
  const address: Balancer = await startBalancer([primary.port], random);
  const isFollowing = async (node: RedisNode) =>
    (await node.admin.info('replication')).includes('master_link_status:up');
  const follow = async () => {
    await replica.admin.call('REPLICAOF', '127.0.0.1', String(primary.port));
    await until('the replica to follow', () => isFollowing(replica), followTimeoutMs);
  };
  return {
    url: `redis://127.0.0.1:${address.port}/0`,
    async failOver() {
      await primary.kill();
      address.setTargets([]);
      address.cut(1);
      await replica.admin.call('REPLICAOF', 'NO', 'ONE');
      [primary, replica] = [replica, primary];
      address.setTargets([primary.port]);
      await replica.start();
      await follow();
    },
    async restart() {
      await primary.kill();
      await primary.start();
      // It may have been started as a replica once, and would be one again.
      await primary.admin.call('REPLICAOF', 'NO', 'ONE');
      await follow();
    },
    async empty() {
      await primary.admin.flushall();
    },
    pause: () => primary.pause(),
    resume: () => primary.resume(),
    async cutChannel() {
      await primary.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    },
    cutAll: () => address.cut(1),
    async close() {
      await address.close();
      await pair.stop();
    },
  };
}
