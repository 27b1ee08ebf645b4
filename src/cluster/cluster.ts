/** What gateways share besides the ledger. A single gateway uses `memory/`. */

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

/**
 * The schedule port: when each repository of one registry is looked at, and by which gateway. All times passed in
 * are delays from now, because the gateways' clocks differ. A look may be handed out late, never early.
 */
export interface Wanted {
  readonly repository: string;
  /** Wanted tags, exact or glob. Empty for a repository of `watch`: every gateway knows those scopes itself. */
  readonly scopes: readonly string[];
  /** First look due after this, ms. A repository that is scheduled already keeps the earlier time. */
  readonly inMs: number;
}

/** The exclusive right to look at one repository, for `leaseMs`. */
export interface Claim {
  readonly repository: string;
  /** The scopes that all gateways want, without duplicates. */
  readonly scopes: readonly string[];
  /** What the last look, by any gateway, left for the next one; at most `maxMemoLength`. Null: nothing. */
  readonly memo: string | null;
  /** Fences: once the lease ended, `done` and `extend` change nothing. */
  readonly lease: string;
}

/** In characters. */
export const maxMemoLength = 512;

/** The schedule of one registry. */
export interface Schedule {
  /** Adds repositories, or replaces this gateway's scopes of those it already wants. */
  want(wanted: readonly Wanted[]): Promise<void>;
  /** This gateway no longer wants it. It leaves the schedule when no gateway wants it. A look under way may end. */
  unwant(repository: string): Promise<void>;
  /** Leases at most `max` due repositories for `leaseMs`, longest due first. */
  claim(max: number, leaseMs: number): Promise<readonly Claim[]>;
  /** Prolongs a lease to `leaseMs` from now. False if it had ended: another gateway may be looking. */
  extend(claim: Claim, leaseMs: number): Promise<boolean>;
  /** Ends a look. The next one is due after `inMs`, or earlier if `hasten` asked for that during the look. */
  done(claim: Claim, inMs: number, memo: string): Promise<void>;
  /**
   * Moves the next look forward, to `inMs` from now or `spacingMs` (default 0) after the end of the last look,
   * whichever is later. Never delays it. False if the repository is unknown.
   */
  hasten(repository: string, inMs: number, spacingMs?: number): Promise<boolean>;
  /** ms until something is due (0: now); Infinity if nothing is scheduled. */
  nextInMs(): Promise<number>;
  close(): Promise<void>;
}
