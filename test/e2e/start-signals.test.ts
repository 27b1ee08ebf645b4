/**
 * A signal during the start. The kernel drops a signal for PID 1 that has no handler; here the process is not
 * PID 1, so an end without a handler shows as an end by signal: `code` is null then.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { patienceMs } from '../support/inbox.ts';

const main = new URL('../../src/main.ts', import.meta.url).pathname;
const whileLoading = new URL('../support/signal-while-loading.ts', import.meta.url).pathname;

const servers: Server[] = [];
let child: ChildProcess | null = null;
afterEach(() => {
  child?.kill('SIGKILL');
  for (const server of servers.splice(0)) server.close();
});

function start(nodeArgs: readonly string[], args: readonly string[]) {
  const started = spawn(process.execPath, [...nodeArgs, main, 'serve', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '', NODE_NO_WARNINGS: '1' },
  });
  child = started;
  let output = '';
  const hear = (bytes: Buffer) => {
    output += bytes.toString();
  };
  started.stdout.on('data', hear);
  started.stderr.on('data', hear);
  return {
    /** Resolves with how the process ended, how long it took from now, and all that it said. */
    async ends() {
      const from = performance.now();
      const [code] = await once(started, 'exit');
      return { code, tookMs: performance.now() - from, output };
    },
    kill: (signal: NodeJS.Signals) => void started.kill(signal),
  };
}

/** A Redis that takes connections and never says a word; `connected` resolves at the first. */
async function muteRedis() {
  const server = createServer();
  servers.push(server);
  const connected = once(server, 'connection', { signal: AbortSignal.timeout(patienceMs) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `redis://127.0.0.1:${port}`, connected };
}

describe('SIGTERM or SIGINT during the start', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s ends it cleanly while Redis does not answer',
    async (signal) => {
      const redis = await muteRedis();
      const gateway = start([], ['--listen', '127.0.0.1:0', '--ledger', redis.url]);
      await redis.connected;
      gateway.kill(signal);
      const { code, tookMs, output } = await gateway.ends();
      expect(code).toBe(0);
      expect(tookMs).toBeLessThan(1_000);
      expect(output).not.toContain('listening');
      expect(output).toContain('stopping: the start is called off');
    },
    60_000,
  );

  it('ends it while the program is still being loaded', async () => {
    const gateway = start(['--import', whileLoading], ['--listen', '127.0.0.1:0', '--ledger', 'memory:']);
    const { code, output } = await gateway.ends();
    // 143 where it was heard before the start began, 0 where the start was called off.
    expect([0, 143]).toContain(code);
    expect(output).not.toContain('listening');
  }, 60_000);
});
