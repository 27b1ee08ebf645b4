import type { Metrics } from '../lib/metrics.ts';
import type { Ledger } from './ledger.ts';

/** Counts what one webhook or poll came to. */
export type CountOutcomes = (source: 'webhook' | 'completion' | 'poll', outcomes: readonly string[]) => void;

/** Counts observations by outcome (see `Outcome`). */
export function outcomeCounter(metrics: Metrics): CountOutcomes {
  const counter = metrics.counter('observations_total', 'What webhooks and polls said, by what it came to', [
    'source',
    'outcome',
  ]);
  return (source, outcomes) => {
    for (const outcome of outcomes) counter.inc({ source, outcome });
  };
}

/** Counts changes by type and origin. Returns an idempotent stop. */
export function countChanges(ledger: Ledger, metrics: Metrics): () => void {
  const changes = metrics.counter('changes_total', 'Changes of the ledger, as this gateway saw them', [
    'type',
    'origin',
  ]);
  return ledger.tail((event) => {
    if (event.kind === 'changes') for (const { type, origin } of event.changes) changes.inc({ type, origin });
  });
}
