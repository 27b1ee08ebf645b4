/** What gateways share besides the ledger. A single gateway uses `memory/`. */
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

/** An answer to `take`. */
interface Granted {
  /** Requests that may be sent now, at most as many as asked for. They are spent whether sent or not. */
  readonly granted: number;
  /** If fewer were granted than asked for: ask again after this, ms (> 0). */
  readonly retryInMs: number;
}

/**
 * How fast all gateways that share the budget may ask one registry under one identity. Every request to the registry,
 * its token service or its metadata API costs one unit.
 */
export interface RequestBudget {
  /** Asks for `wanted` (≥ 1) requests. Never grants more than the rate allows in any second. */
  take(wanted: number): Promise<Granted>;
  /** Stops all requests for this long, ms. A longer pause stays in force. */
  pause(forMs: number): Promise<void>;
  /** Lowers the rate to `requestsPerSecond` (> 0) for this long, ms. A new call replaces the last one. */
  slow(requestsPerSecond: number, forMs: number): Promise<void>;
}

/**
 * The budget of one registry and one identity, which `key` names. An identity is hashed, because keys appear in Redis
 * and in logs.
 */
export type BudgetFor = (key: string, requestsPerSecond: number) => RequestBudget;
