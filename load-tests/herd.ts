/**
 * The herd: thousands of clients that HEAD the registry when they receive a change, with pace off, with random
 * jitter of their own, and paced. It prints the registry's peak requests per 100 ms and draws `herd.svg`.
 *
 *   npx node load-tests/herd.ts [--clients 20000] [--rate 100] [--real-clients 4000] [--rounds 5] [--plot FILE]
 *
 * One half is computed (three gateways with very uneven counts, clients that react in 5–50 ms). The other half is
 * real, with fewer clients: the gateway, SSE subscribers and HEADs. `--real-clients 0` leaves it out. Both take
 * the median of `--rounds` rounds. `--rate` is R, the configured deliveries per second.
 */
import { writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { progress } from './bench/progress.ts';
import { writeResults } from './bench/results-file.ts';
import { alignedTable } from './bench/table.ts';
import { plotSvg, type Section } from './herd/plot.ts';
import { realArrivalsMs } from './herd/real-herd.ts';
import { comparison, type HerdRow, rowOf } from './herd/rounds.ts';
import {
  arrivalsMs,
  type Herd,
  herdOf,
  type StrategyName,
  seededRandom,
  strategyNames,
} from './herd/strategies.ts';

const binMs = 100;
const colors: Readonly<Record<StrategyName, string>> = {
  'pace off': '#d55e00',
  'random jitter': '#e69f00',
  paced: '#0072b2',
};

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '20000' },
    rate: { type: 'string', default: '100' },
    'real-clients': { type: 'string', default: '4000' },
    rounds: { type: 'string', default: '5' },
    plot: { type: 'string' },
  },
});

function numberOf(flag: 'clients' | 'rate' | 'real-clients' | 'rounds', min: number): number {
  const value = Number(values[flag]);
  if (!Number.isInteger(value) || value < min) {
    throw new Error(`read --${flag}: ${JSON.stringify(values[flag])}: must be an integer of at least ${min}`);
  }
  return value;
}

const rounds = numberOf('rounds', 1);
const ratePerSecond = numberOf('rate', 1);
const herd = herdOf(numberOf('clients', 1), ratePerSecond);
const real = { clients: numberOf('real-clients', 0), ratePerSecond };

function computed(of: Herd): readonly HerdRow[] {
  return strategyNames.map((strategy) => {
    const arrivals = Array.from({ length: rounds }, (_, round) =>
      arrivalsMs(strategy, of, seededRandom(round + 1)),
    );
    return rowOf('computed', strategy, ratePerSecond, arrivals, binMs);
  });
}

/** Strategies take turns, so that other load on the machine affects all of them alike. */
async function measured(): Promise<readonly HerdRow[]> {
  if (real.clients === 0) return [];
  const arrivals = new Map<StrategyName, (readonly number[])[]>(strategyNames.map((name) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const strategy of strategyNames) {
      progress(`real: ${strategy}, ${real.clients} clients, round ${round} of ${rounds}`);
      arrivals.get(strategy)?.push(await realArrivalsMs(strategy, real));
    }
  }
  return strategyNames.map((strategy) =>
    rowOf('real', strategy, ratePerSecond, arrivals.get(strategy) ?? [], binMs),
  );
}

function sectionOf(title: string, rows: readonly HerdRow[]): Section {
  const series = rows.map(({ strategy, bins, medianPeak }) => ({
    name: strategy,
    color: colors[strategy],
    bins,
    peak: medianPeak,
  }));
  return { title, binMs, ratePerSecond, series };
}

const computedRows = computed(herd);
const realRows = await measured();
const rows = [...computedRows, ...realRows];

const cells = rows.map((each) => [
  `${each.kind}: ${each.strategy}`,
  String(each.clients),
  `${each.ratePerSecond}/s`,
  String(each.medianPeak),
  `${each.peaks[0]}–${each.peaks.at(-1)}`,
  each.ratio.toFixed(2),
  (each.lastMs / 1000).toFixed(1),
]);
const head = [
  'herd',
  'clients',
  'R',
  `peak per ${binMs} ms`,
  `lowest–highest of ${rounds}`,
  'against R',
  'last after s',
];
process.stdout.write(`\n${alignedTable([head, ...cells])}\n\n`);
process.stdout.write(`${comparison(rows, 'computed')}\n`);
if (realRows.length > 0) process.stdout.write(`${comparison(rows, 'real')}\n`);

const sections = [
  sectionOf(
    `Computed: ${herd.counts.length} gateways, ${numberOf('clients', 1)} clients, one change`,
    computedRows,
  ),
  ...(realRows.length === 0
    ? []
    : [sectionOf(`Real: 1 gateway, ${real.clients} subscribers over SSE, one change`, realRows)]),
];
const plotFile =
  values.plot === undefined ? new URL('./herd.svg', import.meta.url) : pathToFileURL(values.plot);
await writeFile(plotFile, plotSvg(sections));
progress(`drawn: ${values.plot ?? 'load-tests/herd.svg'}`);
progress(`written to ${await writeResults('herd', { herd, real, rows })}`);
