/**
 * How long a push takes from the webhook's request to a subscriber's socket, over SSE and WebSocket, and how many
 * deliveries a second the gateway acknowledges. With the SQLite ledger, acknowledged means on disk.
 *
 *   npx node load-tests/latency.ts [--changes 500] [--subscribers 100] [--seconds 10] [--connections 64]
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Child } from './bench/child.ts';
import { hrMs } from './bench/control.ts';
import { type Gateway, type GatewayOptions, startGateway } from './bench/gateway.ts';
import { ask, openOn, startDriver } from './bench/lane.ts';
import type { Transport } from './bench/options.ts';
import { progress } from './bench/progress.ts';
import { writeResults } from './bench/results-file.ts';
import { spread } from './bench/statistics.ts';
import { alignedTable } from './bench/table.ts';
import type { FromPoster, Post } from './latency/messages.ts';

const serverCore = 0;
const clientCore = 1;
const warmUpChanges = 200;
const warmUpMs = 2_000;
const roundTimeoutMs = 10_000;
const hook = 'registry';

const { values } = parseArgs({
  options: {
    changes: { type: 'string', default: '500' },
    subscribers: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '10' },
    connections: { type: 'string', default: '64' },
  },
});
const changes = Number(values.changes);
const subscribers = Number(values.subscribers);
const connections = Number(values.connections);
const durationMs = Number(values.seconds) * 1000;

interface Latency {
  readonly transport: Transport;
  /** From a POST to the arrival at each subscriber, ms. */
  readonly delivered: { readonly p50: number; readonly p99: number };
  /** From a POST to its 2xx, ms. */
  readonly acknowledged: { readonly p50: number; readonly p99: number };
}

async function withGateway<T>(
  options: Pick<GatewayOptions, 'transport' | 'configuration'>,
  run: (gateway: Gateway) => Promise<T>,
): Promise<T> {
  const gateway = await startGateway({ core: serverCore, ledger: 'sqlite', access: 'token', ...options });
  try {
    return await run(gateway);
  } finally {
    await gateway.close();
  }
}

function measureLatency(transport: Transport): Promise<Latency> {
  return withGateway({ transport }, async (gateway) => {
    const driver = startDriver(clientCore);
    try {
      await openOn(driver, gateway, subscribers, 0);
      const delivered: number[] = [];
      const acknowledged: number[] = [];
      for (let change = 0; change < warmUpChanges + changes; change++) {
        await ask(driver, { kind: 'arm' }, 'armed', roundTimeoutMs);
        const arrived = driver.next('arrived', roundTimeoutMs);
        const postedAt = hrMs();
        await gateway.publish();
        const answeredAt = hrMs();
        const { at } = await arrived;
        if (change < warmUpChanges) continue;
        acknowledged.push(answeredAt - postedAt);
        delivered.push(...Array.from(at, (each) => each - postedAt));
      }
      return { transport, delivered: spread(delivered), acknowledged: spread(acknowledged) };
    } finally {
      await driver.close();
    }
  });
}

function measureIntake() {
  const configuration = {
    webhooks: [{ name: hook, kind: 'distribution', registry: 'registry.example.com:5000', verify: 'none' }],
  };
  return withGateway({ transport: 'sse', configuration }, async ({ port }) => {
    const script = fileURLToPath(new URL('./latency/poster.ts', import.meta.url));
    const poster: Child<Post, FromPoster> = new Child('poster', { args: [script], core: clientCore });
    const post = (forMs: number) => {
      const posted = poster.next('posted', forMs + roundTimeoutMs);
      poster.send({ kind: 'post', port, hook, connections, durationMs: forMs });
      return posted;
    };
    try {
      await post(warmUpMs);
      const { acknowledged, refused, elapsedMs, latenciesMs } = await post(durationMs);
      return { perSecond: (acknowledged * 1000) / elapsedMs, refused, ...spread(latenciesMs) };
    } finally {
      await poster.close();
    }
  });
}

const ms = (value: number) => value.toFixed(2);
const latencies: Latency[] = [];
for (const transport of ['sse', 'websocket'] as const) {
  progress(`${transport}: ${changes} changes to ${subscribers} subscribers`);
  latencies.push(await measureLatency(transport));
}
progress(`webhooks: ${connections} connections for ${durationMs / 1000} s`);
const intake = await measureIntake();

process.stdout.write(
  `\n${alignedTable([
    ['POST to', 'median ms', 'p99 ms'],
    ...latencies.flatMap(({ transport, delivered, acknowledged }) => [
      [`${transport} subscriber`, ms(delivered.p50), ms(delivered.p99)],
      [`its 2xx (beside ${transport})`, ms(acknowledged.p50), ms(acknowledged.p99)],
    ]),
    [`its 2xx (${connections} at a time)`, ms(intake.p50), ms(intake.p99)],
  ])}\n\n${intake.perSecond.toFixed(0)} deliveries/s acknowledged at ${connections} connections, ${intake.refused} refused\n\n`,
);
progress(
  `written to ${await writeResults('latency', { changes, subscribers, connections, latencies, intake })}`,
);
