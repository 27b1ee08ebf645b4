/**
 * How long a change takes from a webhook at one gateway to the subscribers of another, over one Redis. The Redis
 * server, both gateways and the driver are separate processes.
 *
 *   npx node load-tests/cluster.ts [--changes 1000] [--subscribers 100]
 */
import { parseArgs } from 'node:util';
import { startRedis } from '../test/support/redis.ts';
import { hrMs } from './bench/control.ts';
import { type Gateway, type GatewayOptions, startGateway } from './bench/gateway.ts';
import { ask, openOn, startDriver } from './bench/lane.ts';
import type { Transport } from './bench/options.ts';
import { progress } from './bench/progress.ts';
import { writeResults } from './bench/results-file.ts';
import { spread } from './bench/statistics.ts';
import { alignedTable } from './bench/table.ts';

const warmUpChanges = 200;
const roundTimeoutMs = 10_000;
const clientCore = 1;

const { values } = parseArgs({
  options: {
    changes: { type: 'string', default: '1000' },
    subscribers: { type: 'string', default: '100' },
  },
});
const changes = Number(values.changes);
const subscribers = Number(values.subscribers);

interface Spread {
  readonly p50: number;
  readonly p99: number;
}

interface Measured {
  readonly transport: Transport;
  /** From the POST at one gateway to the first and to the last subscriber of the other, ms. */
  readonly first: Spread;
  readonly last: Spread;
  /** From a POST to its 2xx, ms. */
  readonly acknowledged: Spread;
}

async function measure(transport: Transport, at: Gateway, to: Gateway): Promise<Measured> {
  const driver = startDriver(clientCore);
  try {
    await openOn(driver, to, subscribers, 0);
    const first: number[] = [];
    const last: number[] = [];
    const acknowledged: number[] = [];
    for (let change = 0; change < warmUpChanges + changes; change++) {
      await ask(driver, { kind: 'arm' }, 'armed', roundTimeoutMs);
      const arrived = driver.next('arrived', roundTimeoutMs);
      const postedAt = hrMs();
      await at.publish();
      const answeredAt = hrMs();
      const { at: arrivals } = await arrived;
      if (change < warmUpChanges) continue;
      acknowledged.push(answeredAt - postedAt);
      first.push(Math.min(...arrivals) - postedAt);
      last.push(Math.max(...arrivals) - postedAt);
    }
    return { transport, first: spread(first), last: spread(last), acknowledged: spread(acknowledged) };
  } finally {
    await driver.close();
  }
}

const redis = await startRedis();
const results: Measured[] = [];
try {
  for (const transport of ['sse', 'websocket'] as const) {
    const configuration = { ledger: redis.url };
    const options: GatewayOptions = {
      transport,
      core: null,
      ledger: 'memory',
      access: 'open',
      configuration,
    };
    const gateways = await Promise.all([startGateway(options), startGateway(options)]);
    try {
      progress(`${transport}: ${changes} changes to ${subscribers} subscribers of the other gateway`);
      const [at, to] = gateways;
      results.push(await measure(transport, at, to));
    } finally {
      await Promise.all(gateways.map((gateway) => gateway.close()));
    }
  }
} finally {
  await redis.stop();
}

const ms = (value: number) => value.toFixed(2);
process.stdout.write(
  `\n${alignedTable([
    ['POST at gateway A to', 'median ms', 'p99 ms'],
    ...results.flatMap(({ transport, first, last, acknowledged }) => [
      [`first ${transport} subscriber of B`, ms(first.p50), ms(first.p99)],
      [`last of ${subscribers}`, ms(last.p50), ms(last.p99)],
      ['its 2xx', ms(acknowledged.p50), ms(acknowledged.p99)],
    ]),
  ])}\n\n`,
);
progress(`written to ${await writeResults('cluster', { changes, subscribers, results })}`);
