/**
 * Stores what webhooks bring. Tags without digest are kept durably, and completed after the delivery was
 * acknowledged.
 */
import type { CountOutcomes } from '../../ledger/counters.ts';
import type { Ledger, Outcome } from '../../ledger/ledger.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Histogram, Metrics } from '../../lib/metrics.ts';
import type { Random } from '../../lib/random.ts';
import { Completion, type CompletionOptions } from './completion.ts';
import type { Batch } from './intake.ts';

export interface WebhookStoreOptions {
  readonly ledger: Pick<Ledger, 'record' | 'defer' | 'claimPending'>;
  /** Asks the registry for one tag. */
  readonly poller: Pick<CompletionOptions, 'head'>;
  readonly countOutcomes: CountOutcomes;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** What the ledger made of each observation, in order. */
export interface Stored {
  readonly outcomes: readonly Outcome[];
}

export class WebhookStore {
  readonly #options: WebhookStoreOptions;
  readonly #completion: Completion;
  readonly #seconds: Histogram;

  constructor(options: WebhookStoreOptions) {
    const { ledger, poller, countOutcomes } = options;
    this.#options = options;
    this.#seconds = options.metrics.histogram(
      'ledger_record_seconds',
      'Time until the ledger had stored what a webhook said',
      [],
      [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    );
    this.#completion = new Completion({
      ...options,
      head: (...asked) => poller.head(...asked),
      claim: (limit, leaseMs) => ledger.claimPending(limit, leaseMs),
      record: async (observations, settles) => {
        countOutcomes('completion', (await ledger.record(observations, settles)).outcomes);
      },
    });
  }

  /** Resolves when all of it is durable. @throws UNAVAILABLE when something was not stored */
  readonly take = async ({ observations, incomplete }: Batch): Promise<Stored> => {
    const { ledger, clock, countOutcomes } = this.#options;
    const startedAt = clock.monotonic();
    if (incomplete.length > 0) await ledger.defer(incomplete);
    const { outcomes } = observations.length > 0 ? await ledger.record(observations) : nothing;
    this.#seconds.observe((clock.monotonic() - startedAt) / 1000);
    countOutcomes('webhook', outcomes);
    if (incomplete.length > 0 || outcomes.includes('waiting')) this.#completion.wake();
    return { outcomes };
  };

  /** Begins to complete what a crash left behind. Idempotent. */
  start(): void {
    this.#completion.start();
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#completion.close();
  }
}

const nothing: Stored = { outcomes: [] };
