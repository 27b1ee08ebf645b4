/**
 * A signal during the start. The kernel drops a signal for PID 1 that has no handler; here the process is not
 * PID 1, so an end without a handler shows as an end by signal: `code` is null then.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Child, startChild } from '../support/child.ts';

const main = new URL('../../src/main.ts', import.meta.url).pathname;
const whileLoading = new URL('../support/signal-while-loading.ts', import.meta.url).pathname;

const servers: Server[] = [];
let child: Child | null = null;
afterEach(async () => {
  await child?.stop('SIGKILL');
  for (const server of servers.splice(0)) server.close();
});

function start(nodeArgs: readonly string[], args: readonly string[]): Child {
  child = startChild(process.execPath, [...nodeArgs, main, 'serve', ...args], {
    env: { PATH: process.env.PATH ?? '', NODE_NO_WARNINGS: '1' },
  });
  return child;
}

/** A Redis that takes connections and never says a word. */
async function muteRedis() {
  const server = createServer();
  servers.push(server);
  let isConnected = false;
  server.once('connection', () => {
    isConnected = true;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `redis://127.0.0.1:${port}`, isConnected: () => isConnected };
}

describe('SIGTERM or SIGINT during the start', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s ends it cleanly while Redis does not answer',
    async (signal) => {
      const redis = await muteRedis();
      const gateway = start([], ['--listen', '127.0.0.1:0', '--ledger', redis.url]);
      await gateway.until('a connection to Redis', redis.isConnected);
      const from = performance.now();
      await gateway.stop(signal);
      expect(await gateway.ended).toEqual({ code: 0, signal: null });
      // Redis has 10 s to answer: the end did not wait for that.
      expect(performance.now() - from).toBeLessThan(8_000);
      expect(gateway.output()).not.toContain('listening');
      expect(gateway.output()).toContain('stopping: the start is called off');
    },
  );

  it('ends it while the program is still being loaded', async () => {
    const gateway = start(['--import', whileLoading], ['--listen', '127.0.0.1:0', '--ledger', 'memory:']);
    const { code } = await gateway.ended;
    // 143 where it was heard before the start began, 0 where the start was called off.
    expect([0, 143]).toContain(code);
    expect(gateway.output()).not.toContain('listening');
  });
});
