/**
 * `npm run bench`: the cost of a delivery, a subscriber and an opening. It compares the gateway with bare net
 * sockets that share one Buffer, with naive SSE and with naive `ws`, in one run. All servers are up at the same
 * time and take turns change by change, so that other load on the machine affects all of them alike.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { canPin } from './bench/child.ts';
import { Lane, type Opened, type Round } from './bench/lane.ts';
import {
  type BenchOptions,
  help,
  type Pace,
  parseOptions,
  type ServerName,
  type Transport,
} from './bench/options.ts';
import { progress } from './bench/progress.ts';
import { writeResults } from './bench/results-file.ts';
import { median, spread } from './bench/statistics.ts';
import { type Finding, findingsTable, smallRunNote } from './bench/table.ts';

const stallRounds = 3;
/** The probe's timer must fire once before the change that it observes. */
const stallLeadMs = 50;
/** After the warm-up's drivers have ended, before memory is read. */
const calmMs = 1_500;

interface Plan {
  readonly name: string;
  readonly server: ServerName;
  readonly transport: Transport;
  readonly pace: Pace;
}

interface Measured {
  readonly lane: Lane;
  readonly opened: Opened;
  readonly kibPerSubscriber: number;
  readonly settledKibPerSubscriber: number;
  readonly rounds: Round[];
  idleCpuPercent: number;
  longestStallMs: number;
}

function plans(options: BenchOptions): readonly Plan[] {
  return options.servers.flatMap((server): readonly Plan[] => {
    if (server === 'manifeed') {
      return options.transports.flatMap((transport) =>
        options.paces.map((pace) => ({ name: gatewayName(transport, pace), server, transport, pace })),
      );
    }
    if (server === 'bare') return [{ name: 'bare net', server, transport: 'sse', pace: 'none' }];
    const transport = server === 'sse' ? 'sse' : 'websocket';
    const name = server === 'sse' ? 'naive node:http sse' : 'naive ws';
    return options.transports.includes(transport) ? [{ name, server, transport, pace: 'none' }] : [];
  });
}

function gatewayName(transport: Transport, pace: Pace): string {
  return `manifeed ${transport}${pace === 'paced' ? ', paced' : ''}`;
}

async function openLane(plan: Plan, options: BenchOptions, lane: Lane): Promise<Measured> {
  progress(`${plan.name}: starting`);
  await lane.start(plan.server, plan.transport, plan.pace);
  await sleep(calmMs);
  const kibBefore = await lane.settledPssKib();
  progress(`${plan.name}: opening ${options.subscribers} subscribers`);
  const opened = await lane.open();
  progress(`${plan.name}: ${opened.perSecond.toFixed(0)} opens/s; settling`);
  await sleep(options.settleS * 1000);
  const kibPerSubscriber = (lane.pssKib() - kibBefore) / options.subscribers;
  const settledKibPerSubscriber = ((await lane.settledPssKib()) - kibBefore) / options.subscribers;
  return {
    lane,
    opened,
    kibPerSubscriber,
    settledKibPerSubscriber,
    rounds: [],
    idleCpuPercent: Number.NaN,
    longestStallMs: Number.NaN,
  };
}

async function measureIdle(measured: readonly Measured[], seconds: number): Promise<void> {
  if (seconds === 0) return;
  progress(`idle for ${seconds} s`);
  const before = measured.map(({ lane }) => lane.cpuMs());
  await sleep(seconds * 1000);
  measured.forEach((each, i) => {
    each.idleCpuPercent = ((each.lane.cpuMs() - (before[i] ?? 0)) / (seconds * 1000)) * 100;
  });
}

async function measureRounds(measured: readonly Measured[], options: BenchOptions): Promise<void> {
  const deadline = performance.now() + options.durationS * 1000;
  for (let change = 1; change <= options.changes && performance.now() < deadline; change++) {
    // Every other change runs in reverse order, so that no server always follows the same one.
    for (const each of change % 2 === 0 ? [...measured].reverse() : measured) {
      each.rounds.push(await each.lane.round());
    }
    progress(`change ${change} of ${options.changes} is with all`);
  }
}

async function measureStalls(measured: readonly Measured[]): Promise<void> {
  progress('watching event loops');
  for (const each of measured) {
    const stalls: number[] = [];
    for (let i = 0; i < stallRounds; i++) {
      each.lane.watchStalls();
      await sleep(stallLeadMs);
      await each.lane.round();
      stalls.push(await each.lane.longestStallMs());
    }
    each.longestStallMs = Math.max(...stalls);
  }
}

function finding(measured: Measured, floorUs: number, subscribers: number): Finding {
  const { lane, opened, rounds } = measured;
  const latency = spread(rounds.flatMap((round) => round.latenciesMs));
  const cpuUsPerDelivery = perDeliveryUs(measured, subscribers);
  return {
    server: lane.name,
    subscribers,
    opensPerSecond: opened.perSecond,
    openCpuUs: opened.cpuUs,
    kibPerSubscriber: measured.kibPerSubscriber,
    settledKibPerSubscriber: measured.settledKibPerSubscriber,
    deliveries: rounds.length * subscribers,
    cpuUsPerDelivery,
    ratio: cpuUsPerDelivery / floorUs,
    bytesPerDelivery: median(rounds.map((round) => round.bytes / subscribers)),
    latencyP50Ms: latency.p50,
    latencyP99Ms: latency.p99,
    idleCpuPercent: measured.idleCpuPercent,
    longestStallMs: measured.longestStallMs,
  };
}

/** The median round, because a garbage collection or another process may disturb single rounds. */
function perDeliveryUs({ rounds }: Measured, subscribers: number): number {
  return median(rounds.map((round) => (round.cpuMs * 1000) / subscribers));
}

/** The cost of the pace: the paced gateway's median round against the unpaced one's. */
function paceCosts(measured: readonly Measured[], { transports, subscribers }: BenchOptions): string {
  const find = (name: string) => measured.find(({ lane }) => lane.name === name);
  const lastMs = ({ rounds }: Measured) => median(rounds.map(({ latenciesMs }) => spread(latenciesMs).p99));
  return transports
    .map((transport) => {
      const [unpaced, paced] = [find(gatewayName(transport, 'none')), find(gatewayName(transport, 'paced'))];
      if (unpaced === undefined || paced === undefined) return '';
      const cpu = perDeliveryUs(paced, subscribers) / perDeliveryUs(unpaced, subscribers);
      const time = lastMs(paced) / lastMs(unpaced);
      return `${transport}, paced against unpaced: CPU/delivery ${cpu.toFixed(2)}, p99 ${time.toFixed(2)}\n`;
    })
    .join('');
}

async function run(options: BenchOptions): Promise<void> {
  if (!canPin()) progress('taskset is not here: servers and drivers share all cores, figures will be noisy');
  const lanes: Lane[] = [];
  const measured: Measured[] = [];
  try {
    for (const plan of plans(options)) {
      const lane = new Lane(plan.name, options);
      lanes.push(lane);
      measured.push(await openLane(plan, options, lane));
    }
    await measureIdle(measured, options.idleS);
    await measureRounds(measured, options);
    await measureStalls(measured);
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
  }
  const floor = measured.find(({ lane }) => lane.name === 'bare net');
  const floorUs = floor === undefined ? Number.NaN : perDeliveryUs(floor, options.subscribers);
  const findings = measured.map((each) => finding(each, floorUs, options.subscribers));
  const note = smallRunNote(options.subscribers);
  process.stdout.write(`\n${findingsTable(findings)}\n\n${note === null ? '' : `${note}\n\n`}`);
  process.stdout.write(paceCosts(measured, options));
  progress(`written to ${await writeResults('bench', { options, findings })}`);
}

const options = parseOptions(process.argv.slice(2));
if (options === 'help') process.stdout.write(help);
else await run(options);
