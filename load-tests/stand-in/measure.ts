/**
 * `npm run load:stand-in`: what the k6 scripts measure on the stand-in for k6. Subscribers, publisher and gateway
 * share one process, so the figures show that the scripts count correctly, not how fast the gateway is.
 */
import { afterAll, expect, it } from 'vitest';
import { startGateway } from '../../test/support/gateway.ts';
import { type Run, runScript } from '../../test/support/k6/run-script.ts';
import { quantile } from '../bench/statistics.ts';
import { alignedTable } from '../bench/table.ts';

const subscribers = 200;
const environment = { SUBSCRIBERS: String(subscribers), DURATION: '20', EVERY: '0.5', LEAD: '2', RAMP: '5' };
const scripts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'websocket-fanout': {},
  sse: {},
  'reconnect-storm': { AWAY: '2' },
  'slow-readers': { SLOW: '2', DAWDLE: '0.05' },
  soak: { SESSION: '5' },
};
const rows: string[][] = [];

function rowOf(name: string, run: Run): string[] {
  const sorted = (metric: string) => [...run.samplesOf(metric)].sort((a, b) => a - b);
  const sum = (metric: string) => run.samplesOf(metric).reduce((total, value) => total + value, 0);
  const latency = sorted('manifeed_latency');
  return [
    name,
    String(run.samplesOf('manifeed_published').length),
    String(sum('manifeed_deliveries')),
    String(sum('manifeed_gaps')),
    quantile(latency, 0.5).toFixed(0),
    quantile(latency, 0.99).toFixed(0),
    quantile(sorted('manifeed_ready_after'), 0.95).toFixed(0),
  ];
}

it.each(Object.keys(scripts))('%s meets its thresholds', async (name) => {
  const gateway = await startGateway({
    pace: { deliveriesPerSecond: 2_000, burst: 0, allowNone: true },
    limits: { newConnectionsPerSecond: 10_000 },
  });
  try {
    const run = await runScript(name, { MANIFEED_URL: gateway.url, ...environment, ...scripts[name] });
    rows.push(rowOf(name, run));
    expect(run.verdicts.filter(({ holds }) => !holds)).toEqual([]);
  } finally {
    await gateway.close();
  }
});

afterAll(() => {
  const head = ['script', 'changes', 'deliveries', 'gaps', 'p50 ms', 'p99 ms', 'ready p95 ms'];
  process.stdout.write(
    `\nstand-in for k6, ${subscribers} subscribers:\n\n${alignedTable([head, ...rows])}\n\n`,
  );
});
