import { afterAll, beforeAll } from 'vitest';
import { openRedisLedger } from '../../src/ledger/redis.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { type RedisNode, startRedis } from '../support/redis.ts';
import { ledgerContract } from './ledger.ts';

let redis: RedisNode;
let prefixes = 0;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

ledgerContract('Redis', async ({ clock, ...options }) => {
  const keyPrefix = `contract-${++prefixes}`;
  // Timeouts and watches run on real time: the fake clock is only what the ledger believes it is.
  const all = { ...options, url: redis.url, keyPrefix, clock: systemClock, now: () => clock.now() };
  let ledger = await openRedisLedger(all);
  return {
    ledger,
    reopen: async () => {
      await ledger.close();
      ledger = await openRedisLedger(all);
      return ledger;
    },
    close: () => ledger.close(),
  };
});
