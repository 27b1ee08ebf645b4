/**
 * Chaos on real processes for as long as you like:
 *
 *   npm run chaos -- [--seeds 10] [--seconds 120] [--seed 1] [--subscribers 200] [--min-replicas 0] [--only ACT]
 *
 * It runs as many seeds as said, one after the other, the first of them `--seed`. The same seed plays the same
 * acts. `--only` may be repeated. Exit code 1: a promise was broken; the report says which. 2: stopped by a signal.
 */
import { parseArgs } from 'node:util';
import { type ChaosReport, runChaos } from './chaos-run.ts';

/** Violations shown of one seed. */
const maxShown = 50;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    subscribers: { type: 'string', default: '200' },
    'min-replicas': { type: 'string', default: '0' },
    only: { type: 'string', multiple: true },
    quiet: { type: 'boolean', default: false },
  },
});
// Ends the servers that were started, which a signal alone would leave behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(2));
const say = (line: string) => void process.stdout.write(`${line}\n`);

async function runSeed(seed: number): Promise<ChaosReport> {
  const options = {
    seconds: Number(values.seconds),
    leastActs: 0,
    seed,
    subscribers: Number(values.subscribers),
    minReplicas: Number(values['min-replicas']),
    ...(values.only === undefined ? {} : { only: values.only }),
  };
  say(JSON.stringify(options));
  const report = await runChaos({ ...options, ...(values.quiet ? {} : { say }) });
  const { acts, violations, leftOut, ...figures } = report;
  for (const act of leftOut) say(`left out, because there is no C compiler or no Linux: ${act}`);
  say(JSON.stringify({ seed, acts: acts.length, ...figures, violations: violations.length }));
  for (const violation of violations.slice(0, maxShown)) say(`VIOLATION ${violation}`);
  return report;
}

let broken = 0;
const first = Number(values.seed);
for (let seed = first; seed < first + Number(values.seeds); seed++)
  broken += (await runSeed(seed)).violations.length;
say(broken === 0 ? 'every promise was kept' : `${broken} promises were broken`);
process.exit(broken === 0 ? 0 : 1);
