// @needs redis-server
import { afterAll, beforeAll, describe } from 'vitest';
import { isInstalled } from '../support/parts.ts';
import {
  type RedisCluster,
  type RedisNode,
  type RedisSentinels,
  startRedis,
  startRedisCluster,
  startRedisSentinels,
} from '../support/redis.ts';
import { contractLedgers } from '../support/redis-ledger.ts';
import { ledgerContract } from './ledger.ts';
import { ledgerCursorsContract } from './ledger-cursors.ts';
import { ledgerQueriesContract } from './ledger-queries.ts';
import { ledgerTransferContract } from './ledger-transfer.ts';

for (const program of ['redis-server', 'valkey-server'].filter(isInstalled)) {
  describe(program, () => {
    let node: RedisNode;
    beforeAll(async () => {
      node = await startRedis({ program });
    });
    afterAll(() => node.stop());
    const open = contractLedgers(() => ({ url: node.url }));
    ledgerContract(program, open);
    ledgerTransferContract(program, open);
    ledgerCursorsContract(program, open);
    ledgerQueriesContract(program, open);
  });
}

describe('a Cluster of three', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(() => cluster.stop());
  const open = contractLedgers(() => ({ url: 'redis://cluster', cluster: cluster.addresses }));
  ledgerContract('Redis Cluster', open);
  ledgerTransferContract('Redis Cluster', open);
  ledgerCursorsContract('Redis Cluster', open);
  ledgerQueriesContract('Redis Cluster', open);
});

describe('a primary known to Sentinels', () => {
  let sentinels: RedisSentinels;
  beforeAll(async () => {
    sentinels = await startRedisSentinels();
  });
  afterAll(() => sentinels.stop());
  ledgerContract(
    'Redis Sentinel',
    contractLedgers(() => ({
      url: 'redis://sentinel',
      sentinels: sentinels.addresses,
      sentinelName: sentinels.name,
    })),
  );
});
