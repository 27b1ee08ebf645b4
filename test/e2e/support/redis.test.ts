// @needs redis-server
import { expect, test } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { startRedis } from '../../support/redis.ts';

test('a server whose port another one has fails at once, in its own words', async () => {
  const first = await startRedis();
  try {
    await expect(startRedis({ port: first.port })).rejects.toThrow(
      /it ended \(exit code 1\).*already in use/s,
    );
  } finally {
    await first.stop();
  }
});

test('callers that ask at once for a free port get different ones', async () => {
  const ports = await Promise.all(Array.from({ length: 100 }, () => freePort()));
  expect(new Set(ports).size).toBe(ports.length);
});
