/**
 * Targets, in three parts.
 *
 * What the others notice of a tool that hangs (or with `--fault fail` fails all): two gateways side by side, each
 * with 50 targets. In the second one, one tool hangs. They take short turns, 20 changes each, and the latencies at the
 * 49 others are compared: from before the change's POST to its arrival at the tool; the median of all rounds.
 *
 * How fast: in the same two gateways, bursts in one delivery, until the last tool has the last change.
 *
 * What a target costs: the memory of an idle gateway with and without targets, and of one whose targets all fail, with
 * 1,000 changes waiting in each.
 *
 *   npx node load-tests/targets.ts [--targets 50] [--fault hang] [--rounds 50] [--changes 20] [--rate 20]
 *                              [--bursts 3] [--burst 200] [--failing 200] [--waiting 1000] [--only latency]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Child, canPin } from './bench/child.ts';
import { type Gateway, startGateway } from './bench/gateway.ts';
import { cpuMs, pssKib } from './bench/process-usage.ts';
import { progress } from './bench/progress.ts';
import { writeResults } from './bench/results-file.ts';
import { median, spread } from './bench/statistics.ts';
import { alignedTable } from './bench/table.ts';
import type { Behaviour, FromTools, ToTools } from './targets/messages.ts';

const gatewayCore = 0;
const toolCore = 1;
const roundTimeoutMs = 120_000;
const settleMs = 1_000;
/** Changes that are published together, and between two looks at how many wait. */
const perFill = 100;
const pollMs = 100;
const secret = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;

const { values } = parseArgs({
  options: {
    targets: { type: 'string', default: '50' },
    /** `hang` or `fail`. */
    fault: { type: 'string', default: 'hang' },
    /** Of each gateway. */
    rounds: { type: 'string', default: '50' },
    changes: { type: 'string', default: '20' },
    /** Changes per second. */
    rate: { type: 'string', default: '20' },
    bursts: { type: 'string', default: '3' },
    burst: { type: 'string', default: '200' },
    failing: { type: 'string', default: '200' },
    waiting: { type: 'string', default: '1000' },
    /** `latency` or `memory`: that part only. */
    only: { type: 'string' },
  },
});
const targets = Number(values.targets);
const changes = Number(values.changes);
const everyMs = 1_000 / Number(values.rate);
const burst = Number(values.burst);
const failing = Number(values.failing);
const waiting = Number(values.waiting);
const fault: Behaviour = values.fault === 'fail' ? 'fail' : 'hang';

type Tools = Child<ToTools, FromTools>;

interface Lane {
  readonly name: string;
  readonly gateway: Gateway;
  /** The first so many tools: in both gateways the same ones. */
  readonly counted: number;
  /** Of each round, ms. */
  readonly rounds: { readonly p50: number; readonly p99: number }[];
  /** Of each burst: changes per second that all tools have, and CPU time of the gateway for each arrival, µs. */
  readonly bursts: { readonly perSecond: number; readonly cpuUs: number }[];
}

const ends: (() => Promise<void>)[] = [];

async function startTools(): Promise<{ readonly tools: Tools; readonly port: number }> {
  const script = fileURLToPath(new URL('./targets/tools.ts', import.meta.url));
  const tools: Tools = new Child('tools', { args: [script], core: toolCore });
  ends.push(() => tools.close());
  return { tools, port: (await tools.next('listening', roundTimeoutMs)).port };
}

async function startWith(name: string, port: number, behaviours: readonly Behaviour[]): Promise<Gateway> {
  const own = behaviours.map((behaviour, i) => ({
    ...{ name: `tool-${i}`, kind: 'webhook', secret, unpaced: true },
    url: `http://127.0.0.1:${port}/${name}/${i}/${behaviour}`,
  }));
  const common = { transport: 'sse', core: gatewayCore, ledger: 'sqlite', access: 'open' } as const;
  const gateway = await startGateway({ ...common, configuration: { targets: own } });
  ends.unshift(() => gateway.close());
  return gateway;
}

function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}

type Place = Pick<Lane, 'name' | 'gateway' | 'counted'>;

async function publish(tools: Tools, { name, gateway, counted }: Place, count: number, every: number) {
  const done = tools.next('done', roundTimeoutMs);
  const common = { kind: 'round', lane: name, port: gateway.port, counted } as const;
  tools.send({ ...common, changes: count, everyMs: every });
  return done;
}

/** By turns, so that both meet the same machine; and they take turns in who begins. */
async function byTurns(lanes: readonly Lane[], count: number, run: (lane: Lane) => Promise<void>) {
  for (let i = 0; i < count; i++)
    for (const lane of i % 2 === 0 ? lanes : [...lanes].reverse()) await run(lane);
}

async function oneRound(tools: Tools, lane: Lane): Promise<void> {
  const { p50, p99 } = spread((await publish(tools, lane, changes, everyMs)).latenciesMs);
  lane.rounds.push({ p50, p99 });
  if (lane.rounds.length % 10 === 0) progress(`${lane.name}: ${lane.rounds.length} rounds`);
}

async function oneBurst(tools: Tools, lane: Lane): Promise<void> {
  const before = cpuMs(lane.gateway.pid);
  const { elapsedMs } = await publish(tools, lane, burst, 0);
  const cpuUs = ((cpuMs(lane.gateway.pid) - before) * 1_000) / (burst * lane.counted);
  lane.bursts.push({ perSecond: (burst * 1_000) / elapsedMs, cpuUs });
  progress(
    `${lane.name}: burst of ${burst} in ${(elapsedMs / 1_000).toFixed(1)} s, ${cpuUs.toFixed(0)} µs each`,
  );
}

async function compare(): Promise<readonly Lane[]> {
  const { tools, port } = await startTools();
  const counted = targets - 1;
  const lane = async (name: string, last: Behaviour): Promise<Lane> => {
    const gateway = await startWith(name, port, [...times<Behaviour>(counted, 'accept'), last]);
    return { name, gateway, counted, rounds: [], bursts: [] };
  };
  const lanes = [await lane('all-accept', 'accept'), await lane(`one-${fault}s`, fault)];
  await byTurns(lanes, 1, async (each) => void (await publish(tools, each, changes, everyMs)));
  await byTurns(lanes, Number(values.rounds), (each) => oneRound(tools, each));
  await byTurns(lanes, Number(values.bursts), (each) => oneBurst(tools, each));
  return lanes;
}

/** What the gateway's process has, KiB, of a collected heap. */
async function settledKib(gateway: Gateway): Promise<number> {
  await sleep(settleMs);
  await gateway.collectGarbage();
  await sleep(settleMs);
  await gateway.collectGarbage();
  return pssKib(gateway.pid);
}

async function waitingIn({ url }: Gateway): Promise<number> {
  const answer = (await (await fetch(`${url}/v1/targets`)).json()) as { targets: { waiting: number }[] };
  return answer.targets.reduce((sum, each) => sum + each.waiting, 0);
}

/** Publishes until each target has as many waiting. A gateway without targets only records them. */
async function fill(tools: Tools, name: string, gateway: Gateway, count: number): Promise<void> {
  for (let sent = 0; sent < waiting; sent += perFill) {
    const filled = Math.min(waiting, sent + perFill);
    await publish(tools, { name, gateway, counted: 0 }, filled - sent, 0);
    while ((await waitingIn(gateway)) < filled * count) await sleep(pollMs);
  }
}

interface Weight {
  readonly what: string;
  readonly kibPerTarget: number;
}

/** The memory of one target: idle, and with changes that wait. What the ledger needs for them is not counted. */
async function weigh(): Promise<readonly Weight[]> {
  const { tools, port } = await startTools();
  const bare = await startWith('none', port, []);
  const full = await startWith('full', port, times<Behaviour>(failing, 'refuse'));
  const [bareIdle, idle] = [await settledKib(bare), await settledKib(full)];
  await fill(tools, 'none', bare, 0);
  await fill(tools, 'full', full, failing);
  const [bareFilled, filled] = [await settledKib(bare), await settledKib(full)];
  return [
    { what: 'idle', kibPerTarget: (idle - bareIdle) / failing },
    { what: `${waiting} changes wait`, kibPerTarget: (filled - bareFilled) / failing },
  ];
}

function tableOf(lanes: readonly Lane[]): string {
  const rows = lanes.map(({ name, rounds, bursts }) => ({
    name,
    p50: median(rounds.map(({ p50 }) => p50)),
    p99: median(rounds.map(({ p99 }) => p99)),
    perSecond: median(bursts.map(({ perSecond }) => perSecond)),
    cpuUs: median(bursts.map(({ cpuUs }) => cpuUs)),
  }));
  const [base] = rows;
  return alignedTable([
    ['tools', 'p50 ms', 'p99 ms', 'p99 ratio', 'changes/s', 'CPU/delivery µs'],
    ...rows.map(({ name, p50, p99, perSecond, cpuUs }) => [
      ...[name, p50.toFixed(2), p99.toFixed(2), (p99 / (base?.p99 ?? Number.NaN)).toFixed(2)],
      ...[perSecond.toFixed(0), cpuUs.toFixed(0)],
    ]),
  ]);
}

function weightTable(weights: readonly Weight[]): string {
  const rows = weights.map(({ what, kibPerTarget }) => [what, kibPerTarget.toFixed(1)]);
  return alignedTable([[`each of ${failing} targets`, 'KiB'], ...rows]);
}

async function end(): Promise<void> {
  for (const each of ends.splice(0)) await each();
}

if (!canPin()) progress('taskset is not here: gateways and tools share all cores, figures will be noisy');
try {
  const lanes = values.only === 'memory' ? [] : await compare();
  await end();
  const weights = values.only === 'latency' ? [] : await weigh();
  const tables = [
    ...(lanes.length > 0 ? [tableOf(lanes)] : []),
    ...(weights.length > 0 ? [weightTable(weights)] : []),
  ];
  process.stdout.write(`\n${tables.join('\n\n')}\n\n`);
  const rounds = lanes.map((lane) => ({ ...lane, gateway: undefined }));
  progress(`written to ${await writeResults('targets', { options: values, rounds, weights })}`);
} finally {
  await end();
}
