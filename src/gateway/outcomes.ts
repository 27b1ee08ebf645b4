import type { Outcome } from '../ledger/ledger.ts';
import type { Metrics } from '../lib/metrics.ts';

export type CountOutcomes = (source: 'webhook' | 'completion' | 'poll', outcomes: readonly Outcome[]) => void;

/** Counts what observations came to. `stale`: older than what was known. `waiting`: a look decides it. */
export function outcomeCounter(metrics: Metrics): CountOutcomes {
  const counter = metrics.counter('observations_total', 'What webhooks and polls said, by what it came to', [
    'source',
    'outcome',
  ]);
  return (source, outcomes) => {
    for (const outcome of outcomes) counter.inc({ source, outcome });
  };
}
