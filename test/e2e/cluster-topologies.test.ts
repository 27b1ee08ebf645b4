// @needs redis-server
/** Two real gateways on what else Redis comes as: a primary that Sentinels name, and a Cluster. */
import { afterEach, expect, it } from 'vitest';
import { digest, publish, type Settings } from '../support/gateway.ts';
import { startRedisCluster, startRedisSentinels } from '../support/redis.ts';
import { openSse, type SseClient } from '../support/sse-client.ts';
import { of } from '../support/stream-client.ts';
import { until } from '../support/until.ts';
import { type Cluster, startCluster } from './chaos/cluster.ts';

const timeoutMs = 90_000;
/** Sentinels notice after a second, agree, and promote; then the gateways' backoff. */
const failoverTimeoutMs = 30_000;
const reference = 'r.test/topology/app:1';
const opened: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function open(ledger: Settings): Promise<{ cluster: Cluster; client: SseClient }> {
  const cluster = await startCluster({ count: 2, settings: () => ({ ledger }) });
  opened.push(() => cluster.close());
  const client = await openSse(cluster.at(1).port, { repository: 'r.test/topology/app' });
  opened.push(async () => client.close());
  await client.inbox.until(of('ready'));
  await publish(cluster.at(0).port, [{ reference, digest: digest('before') }]);
  expect((await client.inbox.until(of('change'))).change.digest).toBe(digest('before'));
  return { cluster, client };
}

it(
  'Sentinels promote the replica: the gateways follow, and subscribers are told and go on',
  async () => {
    const sentinels = await startRedisSentinels();
    opened.push(() => sentinels.stop());
    const { cluster, client } = await open({ sentinels: sentinels.addresses, name: sentinels.name });
    await sentinels.primary.kill();
    const pushed = until(
      'a webhook to be taken again',
      async () => {
        await publish(cluster.at(0).port, [{ reference, digest: digest('after') }]);
        return true;
      },
      failoverTimeoutMs,
    );
    const { position } = await client.inbox.until(of('reset'), failoverTimeoutMs);
    await pushed;
    const { change } = await client.inbox.until(of('change'));
    expect(change.digest).toBe(digest('after'));
    expect(change.position.split('-')[0]).toBe(position.split('-')[0]);
  },
  timeoutMs,
);

it(
  'a Cluster: what one gateway hears the other tells, and a failover of its node is told',
  async () => {
    const redis = await startRedisCluster({ replicas: true });
    opened.push(() => redis.stop());
    const { cluster, client } = await open({ cluster: redis.addresses });
    const owner = await ownerOf(redis.nodes);
    await owner.kill();
    const pushed = until(
      'a webhook to be taken again',
      async () => {
        await publish(cluster.at(0).port, [{ reference, digest: digest('after') }]);
        return true;
      },
      failoverTimeoutMs,
    );
    await client.inbox.until(of('reset'), failoverTimeoutMs);
    await pushed;
    expect((await client.inbox.until(of('change'))).change.digest).toBe(digest('after'));
  },
  timeoutMs,
);

/** The primary that has the ledger's keys. */
async function ownerOf(nodes: Awaited<ReturnType<typeof startRedisCluster>>['nodes']) {
  for (const node of nodes) {
    const isPrimary = (await node.admin.info('replication')).includes('role:master');
    if (isPrimary && (await node.admin.dbsize()) > 0) return node;
  }
  throw new Error('find the primary that has the ledger: none has keys');
}
