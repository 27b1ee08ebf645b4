/**
 * The cost of the poller. Needs Node's exposed garbage collection:
 *
 *   npx node --expose-gc load-tests/poll.ts heads    HEADs a second against the fake registry in its own process
 *   npx node --expose-gc load-tests/poll.ts memory   bytes per watched repository at 100,000 with 10 tags each
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { systemClock } from '../src/lib/clock.ts';
import type { RegistryPollOptions } from '../src/source/poll/options.ts';
import type { Poller, PollerOptions } from '../src/source/poll/poller.ts';
import type { Exchange } from '../src/upstream/exchange.ts';
import { emptyView, pollerOf } from '../test/support/poll-rig.ts';

const seconds = 10;
const tags = Array.from({ length: 10 }, (_, n) => `1.${n}`);
const digest = `sha256:${'a'.repeat(64)}`;

function startPoller(
  host: string,
  poll: RegistryPollOptions,
  repositories: number,
  more: Partial<PollerOptions>,
): Poller {
  return pollerOf({
    registries: [{ host, plainHttp: true, poll }],
    watch: Array.from({ length: repositories }, (_, n) => ({ repository: `${host}/team/app-${n}`, tags })),
    ledger: emptyView(tags),
    ...more,
  });
}

async function startRegistry(): Promise<{ host: string; child: ChildProcess }> {
  const child = fork(new URL(import.meta.url).pathname, ['registry']);
  const [message] = await once(child, 'message');
  return { host: String(message), child };
}

async function serveRegistry(): Promise<void> {
  const { startFakeRegistry } = await import('../test/support/fake-registry.ts');
  const registry = await startFakeRegistry({ maxLog: 0 });
  for (let n = 0; n < 200; n += 1) for (const tag of tags) registry.push(`team/app-${n}`, tag, `${n} ${tag}`);
  process.send?.(registry.host);
  process.on('disconnect', () => process.exit());
}

/** Repositories whose looks are always due, so that only the code and the registry limit the rate. */
async function measureHeads(): Promise<void> {
  const { host, child } = await startRegistry();
  let seen = 0;
  const poll = {
    intervalMs: 10,
    minIntervalMs: 10,
    maxIntervalMs: 10,
    requestsPerSecond: 50_000,
    concurrency: 64,
    onDemand: false,
  };
  const poller = startPoller(host, poll, 200, {
    ledger: {
      ...emptyView(tags),
      observe: async (observations) => {
        seen += observations.length;
        return 0;
      },
    },
  });
  await poller.start();
  await systemClock.sleep(2_000);
  const before = { seen, at: performance.now(), cpu: process.cpuUsage() };
  await systemClock.sleep(seconds * 1_000);
  const elapsedMs = performance.now() - before.at;
  const cpu = process.cpuUsage(before.cpu);
  const cpuMs = (cpu.user + cpu.system) / 1_000;
  const count = seen - before.seen;
  await poller.close();
  child.disconnect();
  console.log(
    `heads: ${Math.round((count / elapsedMs) * 1_000)}/s, ${((cpuMs / count) * 1_000).toFixed(0)} µs of CPU each, ` +
      `so ${Math.round((count / cpuMs) * 1_000)}/s on one whole core (${(cpuMs / elapsedMs).toFixed(2)} cores used)`,
  );
}

function heapBytes(): number {
  for (let n = 0; n < 3; n += 1) globalThis.gc?.();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

/** The registry is a function here, because this measures what stays in memory after a look at each repository. */
async function measureMemory(): Promise<void> {
  const repositories = 100_000;
  const answer = { status: 200, headers: { 'docker-content-digest': digest }, body: Buffer.alloc(0) };
  const exchange: Exchange = { send: () => Promise.resolve(answer), async close() {} };
  const poll = {
    intervalMs: 30_000,
    minIntervalMs: 30_000,
    maxIntervalMs: 3_600_000,
    requestsPerSecond: 200_000,
    concurrency: 64,
    onDemand: false,
  };
  const seen = new Set<string>();
  let done = () => {};
  const allSeen = new Promise<void>((resolve) => {
    done = resolve;
  });
  const before = heapBytes();
  const poller = startPoller('registry.example.com', poll, repositories, {
    exchangeFor: () => exchange,
    ledger: {
      ...emptyView(tags),
      observe: async (observations) => {
        const name = observations[0]?.repository;
        if (name !== undefined) seen.add(name);
        if (seen.size === repositories) done();
        return 0;
      },
    },
  });
  await poller.start();
  const started = heapBytes();
  await allSeen;
  seen.clear();
  await systemClock.sleep(500);
  const after = heapBytes();
  const per = (bytes: number) => ((bytes - before) / repositories).toFixed(0);
  console.log(
    `memory: ${per(after)} bytes per watched repository after all were seen (${per(started)} after the start), ` +
      `configuration included; resident ${Math.round(process.memoryUsage().rss / 1024 / 1024)} MiB`,
  );
  await poller.close();
}

const mode = process.argv[2];
if (mode === 'registry') await serveRegistry();
else if (mode === 'heads') await measureHeads();
else if (mode === 'memory') await measureMemory();
else console.error('usage: npx node --expose-gc load-tests/poll.ts heads|memory');
