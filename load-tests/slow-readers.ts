/**
 * Slow and dead readers, in two parts.
 *
 * What the others notice: two gateways side by side. In the second one, every tenth subscriber never reads. They
 * take turns change by change, and the latencies of the readers are compared.
 *
 * What stalled readers cost: a third gateway is flooded beyond what their sockets can hold. Its memory is read as
 * changes come, and in the end the remaining connections are counted.
 *
 *   npx node load-tests/slow-readers.ts [--subscribers 10000] [--changes 200] [--transport sse]
 *                                   [--flooded 1000] [--flood 10000] [--timeout 20]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { hrMs } from './bench/control.ts';
import { type Gateway, startGateway } from './bench/gateway.ts';
import { ask, type Driver, openOn, startDriver } from './bench/lane.ts';
import { pssKib } from './bench/process-usage.ts';
import { progress } from './bench/progress.ts';
import { writeResults } from './bench/results-file.ts';
import { spread } from './bench/statistics.ts';
import { alignedTable } from './bench/table.ts';

const stallEvery = 10;
const perDelivery = 50;
const floodReports = 5;
const heartbeatS = 5;
const roundTimeoutMs = 60_000;

const { values } = parseArgs({
  options: {
    subscribers: { type: 'string', default: '10000' },
    changes: { type: 'string', default: '200' },
    transport: { type: 'string', default: 'sse' },
    flooded: { type: 'string', default: '1000' },
    flood: { type: 'string', default: '10000' },
    timeout: { type: 'string', default: '20' },
  },
});
const subscribers = Number(values.subscribers);
const changes = Number(values.changes);
const flooded = Number(values.flooded);
const flood = Number(values.flood);
const timeoutS = Number(values.timeout);
const transport = values.transport === 'websocket' ? 'websocket' : 'sse';

interface Lane {
  readonly name: string;
  readonly gateway: Gateway;
  readonly driver: Driver;
  readonly latenciesMs: number[];
}

const lanes: Lane[] = [];

async function open(
  name: string,
  connections: number,
  every: number,
  stalledTimeoutS: number,
): Promise<Lane> {
  progress(`${name}: opening ${connections} subscribers`);
  const gateway = await startGateway({
    transport,
    core: 0,
    ledger: 'sqlite',
    access: 'open',
    configuration: {
      limits: {
        ...{ connections: 20_000, connectionsPerAddress: 20_000, newConnectionsPerSecond: 100_000 },
        ...{ stalledTimeout: `${stalledTimeoutS}s`, heartbeatInterval: `${heartbeatS}s` },
      },
    },
  });
  const lane = { name, gateway, driver: startDriver(1), latenciesMs: [] };
  lanes.push(lane);
  await openOn(lane.driver, gateway, connections, every);
  return lane;
}

async function round({ driver, gateway, latenciesMs }: Lane, count: number): Promise<void> {
  await ask(driver, { kind: 'arm', changes: count }, 'armed', roundTimeoutMs);
  const arrived = driver.next('arrived', roundTimeoutMs);
  const publishedAt = hrMs();
  await gateway.publishMany(count);
  for (const at of (await arrived).at) latenciesMs.push(at - publishedAt);
}

/** The sum of a metric's series. */
async function metric({ gateway }: Lane, name: string): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(name) && /^[{ ]/.test(line.slice(name.length)))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

async function compareLatencies() {
  const pair = [
    await open('all read', subscribers, 0, timeoutS),
    await open('every tenth never reads', subscribers, stallEvery, timeoutS),
  ];
  for (let change = 1; change <= changes; change++) {
    for (const lane of change % 2 === 0 ? [...pair].reverse() : pair) await round(lane, 1);
    if (change % 50 === 0) progress(`change ${change} of ${changes}`);
  }
  return pair.map(({ name, latenciesMs }) => ({ name, ...spread(latenciesMs) }));
}

interface FloodReport {
  readonly changes: number;
  readonly mib: number;
  readonly subscribers: number;
  readonly behind: number;
}

async function report(lane: Lane, published: number): Promise<FloodReport> {
  const found = {
    changes: published,
    mib: pssKib(lane.gateway.pid) / 1024,
    subscribers: await metric(lane, 'manifeed_subscribers'),
    behind: await metric(lane, 'manifeed_subscribers_behind'),
  };
  progress(`flood: ${published} of ${flood} changes, ${found.mib.toFixed(0)} MiB, ${found.behind} behind`);
  return found;
}

async function floodStalled(): Promise<readonly FloodReport[]> {
  const lane = await open('flooded', flooded, stallEvery, timeoutS);
  const reports = [await report(lane, 0)];
  for (let published = perDelivery; published <= flood; published += perDelivery) {
    await round(lane, perDelivery);
    lane.latenciesMs.length = 0;
    if (published % Math.ceil(flood / floodReports) < perDelivery)
      reports.push(await report(lane, published));
  }
  progress(`flood: over; waiting until the stalled are ${timeoutS} s late`);
  await sleep((timeoutS + 2 * heartbeatS) * 1000);
  return [...reports, await report(lane, flood)];
}

try {
  const latencies = await compareLatencies();
  await Promise.all(lanes.splice(0).flatMap(({ driver, gateway }) => [driver.close(), gateway.close()]));
  const reports = await floodStalled();
  process.stdout.write(
    `\n${alignedTable([
      ['readers where', 'p50 ms', 'p99 ms'],
      ...latencies.map(({ name, p50, p99 }) => [name, p50.toFixed(1), p99.toFixed(1)]),
    ])}\n\n${alignedTable([
      ['changes', 'MiB', 'subscribers', 'behind'],
      ...reports.map((each) => [
        ...[String(each.changes), each.mib.toFixed(0), String(each.subscribers), String(each.behind)],
      ]),
    ])}\n\n`,
  );
  const options = { subscribers, changes, transport, flooded, flood, timeoutS };
  progress(`written to ${await writeResults('slow-readers', { options, latencies, reports })}`);
} finally {
  await Promise.all(lanes.flatMap(({ driver, gateway }) => [driver.close(), gateway.close()]));
}
