/** What gateways share besides the ledger. A single gateway uses `memory/`. */
import type { BudgetFor } from './request-budget.ts';
import type { Schedule } from './schedule.ts';

/** Matching paced subscribers of each gateway, ordered by gateway name; `counts[node]` is this gateway's. */
export interface PresentCounts {
  readonly node: number;
  readonly counts: readonly number[];
}

/**
 * Paced subscribers by exact repository key or by glob over such keys, in parts that each take a few milliseconds to
 * compute. A key that changes meanwhile may come twice.
 */
export type PacedCounts = Iterable<readonly (readonly [key: string, count: number])[]>;

/** The port of what gateways share. */
export interface Cluster {
  /** Paced subscribers of repository `key` at each living gateway, as last heard; `own`: this gateway's count. */
  readonly countsOf: (key: string, own: number) => PresentCounts;
  /** Publishes this gateway's paced subscribers from now on. Call it once. */
  tell(counts: () => PacedCounts): void;
  readonly scheduleFor: (registry: string) => Schedule;
  readonly budgetFor: BudgetFor;
  /** Idempotent. Call it before the ledger's `close`, which ends the connections. Schedules are closed separately. */
  close(): Promise<void>;
}
