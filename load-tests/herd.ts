/**
 * The herd: 20,000 clients that HEAD the registry when they are told of a change, with pace off, with random
 * jitter of their own, and paced. Prints the registry's peak requests per 100 ms and draws `herd.svg`.
 *
 *   node load-tests/herd.ts [--clients 20000] [--rate 500] [--real-clients 4000] [--real-rate 1000]
 *
 * The first half is computed (clients react in 5–50 ms, three gateways with very uneven counts share them).
 * The second is real at a smaller scale: the gateway, its subscribers over SSE and the HEADs; 0 leaves it out.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { progress } from './bench/progress.ts';
import { writeResults } from './bench/results-file.ts';
import { alignedTable } from './bench/table.ts';
import { plotSvg } from './herd/plot.ts';
import { realArrivalsMs } from './herd/real-herd.ts';
import {
  arrivalsMs,
  bins,
  type Herd,
  type StrategyName,
  seededRandom,
  strategyNames,
} from './herd/strategies.ts';

const binMs = 100;
const plotFile = new URL('./herd.svg', import.meta.url);
const colors: Readonly<Record<StrategyName, string>> = {
  'pace off': '#d55e00',
  'random jitter': '#e69f00',
  paced: '#0072b2',
};

interface Row {
  readonly kind: 'computed' | 'real';
  readonly strategy: StrategyName;
  readonly clients: number;
  readonly ratePerSecond: number;
  readonly peak: number;
  /** The peak against an even stream of R. */
  readonly ratio: number;
  readonly lastMs: number;
  readonly bins: readonly number[];
}

function row(
  kind: Row['kind'],
  strategy: StrategyName,
  ratePerSecond: number,
  arrivals: readonly number[],
): Row {
  const counted = bins(arrivals, binMs);
  const peak = Math.max(...counted);
  return {
    kind,
    strategy,
    clients: arrivals.length,
    ratePerSecond,
    peak,
    ratio: peak / ((ratePerSecond * binMs) / 1000),
    lastMs: arrivals.reduce((last, at) => Math.max(last, at), 0),
    bins: counted,
  };
}

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '20000' },
    rate: { type: 'string', default: '500' },
    'real-clients': { type: 'string', default: '4000' },
    'real-rate': { type: 'string', default: '1000' },
  },
});
const clients = Number(values.clients);
const herd: Herd = {
  counts: [
    Math.ceil(clients * 0.75),
    Math.floor(clients * 0.249),
    clients - Math.ceil(clients * 0.75) - Math.floor(clients * 0.249),
  ],
  ratePerSecond: Number(values.rate),
  deliveryMs: 0.01,
  reactionMs: [5, 50],
};

const rows = strategyNames.map((strategy) =>
  row('computed', strategy, herd.ratePerSecond, arrivalsMs(strategy, herd, seededRandom(1))),
);
const level = (herd.ratePerSecond * binMs) / 1000;
await writeFile(
  plotFile,
  plotSvg(
    rows.map((each) => ({
      label: `${each.strategy}: peak ${each.peak}${each.peak > level * 2 ? ' (leaves the plot)' : ''}`,
      color: colors[each.strategy],
      bins: each.bins,
    })),
    {
      title: `Requests per ${binMs} ms at the registry, ${clients} clients told of one change`,
      binMs,
      level,
      levelLabel: `R = ${herd.ratePerSecond}/s, which is ${level} per ${binMs} ms`,
    },
  ),
);
progress('drawn: load-tests/herd.svg');

const real = { clients: Number(values['real-clients']), ratePerSecond: Number(values['real-rate']) };
if (real.clients > 0) {
  for (const strategy of strategyNames) {
    progress(`real: ${strategy}, ${real.clients} clients`);
    rows.push(row('real', strategy, real.ratePerSecond, await realArrivalsMs(strategy, real)));
  }
}

const cells = rows.map((each) => [
  `${each.kind}: ${each.strategy}`,
  String(each.clients),
  `${each.ratePerSecond}/s`,
  String(each.peak),
  each.ratio.toFixed(2),
  (each.lastMs / 1000).toFixed(1),
]);
const head = ['herd', 'clients', 'R', `peak per ${binMs} ms`, 'against R', 'last after s'];
process.stdout.write(`\n${alignedTable([head, ...cells])}\n\n`);
progress(`written to ${await writeResults('herd', { herd, real, rows })}`);
