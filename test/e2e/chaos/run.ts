/**
 * Chaos on real processes for as long as you like:
 *
 *   npm run chaos -- [--seconds 120] [--seed 1] [--subscribers 200] [--min-replicas 0]
 *
 * The same seed plays the same acts. Exit code 1: a promise was broken; the report says which.
 */
import { parseArgs } from 'node:util';
import { runChaos } from '../../support/chaos-run.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    subscribers: { type: 'string', default: '200' },
    'min-replicas': { type: 'string', default: '0' },
  },
});
const say = (line: string) => void process.stdout.write(`${line}\n`);
const options = {
  seconds: Number(values.seconds),
  leastActs: 0,
  seed: Number(values.seed),
  subscribers: Number(values.subscribers),
  minReplicas: Number(values['min-replicas']),
};
say(JSON.stringify(options));
const { acts, violations, ...figures } = await runChaos({ ...options, say });
say(JSON.stringify({ acts: acts.length, ...figures }));
for (const violation of violations.slice(0, 50)) say(`VIOLATION ${violation}`);
say(violations.length === 0 ? 'every promise was kept' : `${violations.length} promises were broken`);
process.exit(violations.length === 0 ? 0 : 1);
