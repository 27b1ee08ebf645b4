// @needs docker-registry redis-server
import { afterAll, beforeAll } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { type RedisNode, startRedis } from '../../support/redis.ts';
import { readApiSuite } from './suite.ts';

const port = await freePort();
let redis: RedisNode;
beforeAll(async () => {
  redis = await startRedis({ port });
});
afterAll(() => redis?.stop());

readApiSuite((way) => `redis://127.0.0.1:${port}/${way === 'poll' ? 1 : 0}`);
