/**
 * The schedule port: which repository of one registry is to be looked at when, and by whom. One schedule a
 * registry, so that a slow registry cannot hold up another one's due looks.
 *
 * All times given in are delays from now: an implementation shared by several gateways measures them on its own
 * clock (Redis: `TIME`), because the gateways' clocks differ. An implementation need not be exact: a look may
 * be handed out late, never early.
 */
export interface Wanted {
  /** The repository's name within its registry. */
  readonly repository: string;
  /**
   * Tags this gateway's subscribers ask for (exact or glob). Empty for a repository of the configuration's
   * `watch`: every gateway that shares the schedule knows those scopes itself.
   */
  readonly scopes: readonly string[];
  /** First look due after this, ms. A repository that is scheduled already keeps the earlier of both times. */
  readonly inMs: number;
}

/** The right, for `leaseMs`, to look at one repository. Nobody else is given it meanwhile. */
export interface Claim {
  readonly repository: string;
  /** The scopes wanted by all gateways together, without duplicates. */
  readonly scopes: readonly string[];
  /** What the last look left behind for the next one, wherever it runs; at most `maxMemoLength`. Null: none. */
  readonly memo: string | null;
  /** Fences: `done` and `extend` with a lease that lapsed change nothing. */
  readonly lease: string;
}

/** Characters a memo may have. */
export const maxMemoLength = 512;

export interface Schedule {
  /** Adds repositories, or replaces this gateway's scopes of those it already wants. */
  want(wanted: readonly Wanted[]): Promise<void>;
  /** This gateway wants it no more; it leaves the schedule when no gateway does. A look under way may end. */
  unwant(repository: string): Promise<void>;
  /** At most `max` due repositories, longest due first, each leased for `leaseMs`. */
  claim(max: number, leaseMs: number): Promise<readonly Claim[]>;
  /** Prolongs a lease to `leaseMs` from now. False when it had lapsed: another gateway may be looking. */
  extend(claim: Claim, leaseMs: number): Promise<boolean>;
  /** Ends a look: due again after `inMs`, or earlier where `hasten` asked for that meanwhile. */
  done(claim: Claim, inMs: number, memo: string): Promise<void>;
  /**
   * Brings the next look forward to `inMs` from now, or to `spacingMs` (default 0) after the end of the last one,
   * whoever looked, where that is later; never puts it off. Unknown repository: false.
   */
  hasten(repository: string, inMs: number, spacingMs?: number): Promise<boolean>;
  /** ms until something is due (0: now); Infinity when nothing is scheduled. */
  nextInMs(): Promise<number>;
  close(): Promise<void>;
}
