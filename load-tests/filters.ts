/**
 * What one client's filters cost the others.
 *
 * Holds: how long the gateway's code holds its event loop at most, in CPU time without V8's collections, while a
 * client sends the costliest input within the limits. The history has no repository twice.
 *
 * Latency: two gateways with the same ordinary subscribers; the second one also has sockets with the costliest
 * filters that the limits allow. They take turns change by change, and their latencies are compared.
 *
 *   npx node load-tests/filters.ts [--history 6000] [--subscribers 100] [--changes 1000] [--sockets 20]
 */
import { parseArgs } from 'node:util';
import { hrMs } from './bench/control.ts';
import { type Gateway, startGateway } from './bench/gateway.ts';
import { ask as askDriver, type Driver, openOn, startDriver } from './bench/lane.ts';
import { progress } from './bench/progress.ts';
import { writeResults } from './bench/results-file.ts';
import { randomDigest } from './bench/sample.ts';
import { spread } from './bench/statistics.ts';
import { alignedTable } from './bench/table.ts';
import { attacks, besiege, churn } from './filters/attacks.ts';
import { costlyRepository } from './filters/costly.ts';

const roundTimeoutMs = 60_000;
const warmUpChanges = 200;
const batch = 500;

const { values } = parseArgs({
  options: {
    history: { type: 'string', default: '6000' },
    subscribers: { type: 'string', default: '100' },
    changes: { type: 'string', default: '1000' },
    sockets: { type: 'string', default: '20' },
  },
});
const history = Number(values.history);
const subscribers = Number(values.subscribers);
const changes = Number(values.changes);
const sockets = Number(values.sockets);

const start = () =>
  startGateway({
    ...{ transport: 'sse', core: 0, ledger: 'sqlite', access: 'open' },
    // The default limits stay, because they are what is measured. Only openings are not limited.
    configuration: { limits: { newConnectionsPerSecond: 100_000, heartbeatInterval: '10s' } },
  });

async function publish({ url }: Gateway, from: number, count: number): Promise<void> {
  const pushes = Array.from({ length: count }, (_, n) => ({
    reference: `${costlyRepository(from + n)}:1.27.${from + n}`,
    digest: randomDigest(),
  }));
  const answer = await fetch(`${url}/v1/hooks/publish`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(pushes),
  });
  if (!answer.ok) throw new Error(`publish: answered ${answer.status} ${await answer.text()}`);
}

async function epochOf({ url }: Gateway): Promise<string> {
  const answer = await fetch(`${url}/v2/updates?n=1`);
  const [, epoch] = /after=([0-9a-z]+)-/.exec(answer.headers.get('link') ?? '') ?? [];
  if (epoch === undefined) throw new Error('read the epoch: no position in Link');
  return epoch;
}

interface Hold {
  readonly name: string;
  readonly holdMs: number;
  readonly tookMs: number;
  readonly ending: string;
}

async function held(gateway: Gateway, name: string, run: () => Promise<string>): Promise<Hold> {
  await gateway.collectGarbage();
  gateway.watchHolds();
  const startedAt = hrMs();
  const ending = await run();
  const tookMs = hrMs() - startedAt;
  const hold = { name, holdMs: await gateway.longestHoldMs(), tookMs, ending };
  progress(
    `${name}: held ${hold.holdMs.toFixed(1)} ms, took ${tookMs.toFixed(0)} ms: ${ending.slice(0, 90)}`,
  );
  return hold;
}

async function measureHolds(): Promise<readonly Hold[]> {
  const gateway = await start();
  try {
    progress(`history: ${history} changes in as many repositories`);
    for (let done = 0; done < history; done += batch)
      await publish(gateway, done, Math.min(batch, history - done));
    const epoch = await epochOf(gateway);
    const holds = [
      await held(gateway, 'nothing', () => new Promise((resolve) => setTimeout(resolve, 2_000, 'done'))),
    ];
    for (const { name, run } of attacks) holds.push(await held(gateway, name, () => run(gateway, epoch)));
    const { clients, refused } = await besiege(gateway, sockets, false);
    const live = `a change for ${sockets} sockets, repository not seen before`;
    let n = history;
    holds.push(
      await held(gateway, live, async () => {
        for (let round = 0; round < 10; round++) await publish(gateway, n++, 1);
        return `done, ${refused} sockets refused`;
      }),
    );
    for (const client of clients) client.close();
    return holds;
  } finally {
    await gateway.close();
  }
}

interface Side {
  readonly gateway: Gateway;
  readonly driver: Driver;
  readonly latenciesMs: number[];
}

async function openSide(): Promise<Side> {
  const gateway = await start();
  const driver = startDriver(1);
  await openOn(driver, gateway, subscribers, 0);
  return { gateway, driver, latenciesMs: [] };
}

async function round({ gateway, driver, latenciesMs }: Side, counts: boolean): Promise<void> {
  await askDriver(driver, { kind: 'arm' }, 'armed', roundTimeoutMs);
  const arrived = driver.next('arrived', roundTimeoutMs);
  const publishedAt = hrMs();
  await gateway.publish();
  const { at } = await arrived;
  if (counts) latenciesMs.push(...Array.from(at, (each) => each - publishedAt));
}

interface Compared {
  readonly name: string;
  readonly without: { readonly p50: number; readonly p99: number };
  readonly beside: { readonly p50: number; readonly p99: number };
}

/** Latency of ordinary subscribers, with and without what `disturb` does to the second gateway. */
async function compare(name: string, disturb: (gateway: Gateway) => Promise<() => void>): Promise<Compared> {
  progress(`latency: ${name}`);
  const sides: Side[] = [];
  try {
    const [plain, disturbed] = [await openSide(), await openSide()];
    sides.push(plain, disturbed);
    for (let change = 0; change < warmUpChanges; change++) for (const side of sides) await round(side, false);
    const stop = await disturb(disturbed.gateway);
    for (let change = 0; change < 20; change++) for (const side of sides) await round(side, false);
    for (let change = 0; change < changes; change++) {
      // The two sides take turns at going first.
      for (const side of change % 2 === 0 ? sides : sides.toReversed()) await round(side, true);
    }
    stop();
    return { name, without: spread(plain.latenciesMs), beside: spread(disturbed.latenciesMs) };
  } finally {
    await Promise.all(sides.flatMap(({ gateway, driver }) => [gateway.close(), driver.close()]));
  }
}

async function siege(gateway: Gateway, withRanges: boolean): Promise<() => void> {
  const { clients, refused } = await besiege(gateway, sockets, withRanges);
  progress(`${sockets} sockets, of which ${refused} were refused for want of room`);
  return () => {
    for (const client of clients) client.close();
  };
}

const holds = await measureHolds();
const compared = [
  await compare('nothing', async () => () => {}),
  await compare(`${sockets} sockets, globs`, (gateway) => siege(gateway, false)),
  await compare(`${sockets} sockets, globs and ranges`, (gateway) => siege(gateway, true)),
  await compare('10 sockets that change 900 globs', churn),
];

const ms = (value: number) => value.toFixed(2);
process.stdout.write(
  `\n${alignedTable([
    ['attack', 'longest hold ms', 'took ms'],
    ...holds.map(({ name, holdMs, tookMs }) => [name, holdMs.toFixed(1), tookMs.toFixed(0)]),
  ])}\n\n${alignedTable([
    ['beside', 'p50 without', 'p50 with', 'ratio', 'p99 without', 'p99 with', 'ratio'],
    ...compared.map(({ name, without, beside }) => [
      ...[name, ms(without.p50), ms(beside.p50), ms(beside.p50 / without.p50)],
      ...[ms(without.p99), ms(beside.p99), ms(beside.p99 / without.p99)],
    ]),
  ])}\n\n`,
);
progress(`written to ${await writeResults('filters', { options: values, holds, compared })}`);
