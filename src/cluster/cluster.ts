/** What gateways share besides the ledger; a gateway alone shares it with nobody. */
import type { BudgetFor } from './request-budget.ts';
import type { Schedule } from './schedule.ts';

/** How many matching paced subscribers each gateway has; this one is `counts[node]`. Gateways are in order of name. */
export interface PresentCounts {
  readonly node: number;
  readonly counts: readonly number[];
}

export interface Cluster {
  /**
   * Paced subscribers for a repository at every living gateway, as last heard.
   *
   * @param key `registry/repository`
   * @param own this gateway's own, exact
   */
  readonly countsOf: (key: string, own: number) => PresentCounts;
  /**
   * Tells the others this gateway's paced subscribers from now on.
   *
   * @param counts by exact repository key, or by glob over such keys
   */
  tell(counts: () => ReadonlyMap<string, number>): void;
  /** Which repository of one registry is polled when, and by which gateway. */
  readonly scheduleFor: (registry: string) => Schedule;
  /** How fast one registry may be asked by all gateways together. */
  readonly budgetFor: BudgetFor;
  /** Idempotent. Before the ledger's `close`, which ends the connections. Schedules have a `close` of their own. */
  close(): Promise<void>;
}
