/**
 * The request budget port: how fast one registry may be asked under one identity, by all gateways that share
 * the budget. Every request to the registry, its token service and its metadata API takes one unit.
 */
export interface BudgetState {
  /** What may be sent now, requests/s: the configured rate, or less after a registry's warning. */
  readonly requestsPerSecond: number;
  /** Nothing may be sent for this long, ms; 0: it may. */
  readonly pausedForMs: number;
}

export interface Granted {
  /** Requests that may be sent at once, 0 to the number asked for. They are spent whether sent or not. */
  readonly granted: number;
  /** When fewer were granted than asked for: ask again after this, ms (> 0). */
  readonly retryInMs: number;
}

export interface RequestBudget {
  /** Asks for `wanted` (≥ 1) requests. Grants no more than the rate allows in any second. */
  take(wanted: number): Promise<Granted>;
  /** Stops all requests for this long, ms; a longer pause that stands already stays. */
  pause(forMs: number): Promise<void>;
  /** Lowers the rate to `requestsPerSecond` (> 0) for this long, ms; a new call replaces the last one. */
  slow(requestsPerSecond: number, forMs: number): Promise<void>;
  state(): Promise<BudgetState>;
}

/**
 * Names a budget: one registry and one identity. The identity is a hash where there is one, so that the key may
 * stand in Redis and in logs.
 */
export type BudgetKey = string;

/** Where the budgets come from: `createMemoryBudget` for one gateway, Redis for several. */
export type BudgetFor = (key: BudgetKey, requestsPerSecond: number) => RequestBudget;
