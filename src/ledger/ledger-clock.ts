/**
 * The ledger's own time. Wall clocks step: NTP corrects them, machines boot with a wrong one, a failover brings
 * another server's. So the ledger stamps what it learns by a time that goes on at the wall clock's pace and never
 * falls. Where the wall clock steps back, the difference is kept as `skewMs`, and the time goes on from where it
 * was. Redis restates this in `lua/clock.lua`.
 *
 * Stamps are compared only with stamps. What clients see (`recordedAt`) is the wall clock's time, held where it
 * would fall: it comes back to the wall clock by itself, which stamps never do.
 */
export interface LedgerClock {
  /** The newest stamp, ms. */
  readonly stampedAt: number;
  /** How much stamps are ahead of the wall clock, ms. */
  readonly skewMs: number;
  /** The newest stamp of before the wall clock last stepped back; 0: it never did. */
  readonly steppedAt: number;
}

export const newClock: LedgerClock = { stampedAt: 0, skewMs: 0, steppedAt: 0 };

/** Wall and monotonic clock may drift apart by this much between two looks, ms: NTP slews by 0.5 ms a second. */
export const maxDriftMs = 1_000;

/**
 * The clock at the wall clock's time `wall`, ms since the epoch.
 *
 * @param elapsedMs what has passed since by a monotonic clock, where there is one that knows; it finds the step
 *   that an idle hour would hide
 */
export function atWall(clock: LedgerClock, wall: number, elapsedMs = 0): LedgerClock {
  const stamp = wall + clock.skewMs;
  const least = clock.stampedAt + Math.max(0, Math.floor(elapsedMs) - maxDriftMs);
  if (stamp >= least) return caughtUp(clock, wall, Math.max(0, elapsedMs));
  // One more, so that what was stamped before the step can be told from what came after it.
  const stampedAt = least + 1;
  return { stampedAt, skewMs: stampedAt - wall, steppedAt: least };
}

/** A clock that is looked at every few seconds and has gone on by more than this was set, ms. */
const leapMs = 10_000;

/** Where the wall clock leaps forward after it had stepped back, the leap is taken off the skew: it was mended. */
function caughtUp(
  { stampedAt, skewMs, steppedAt }: LedgerClock,
  wall: number,
  elapsedMs: number,
): LedgerClock {
  const gapMs = wall + skewMs - stampedAt;
  if (skewMs <= 0 || gapMs - elapsedMs <= leapMs) return { stampedAt: wall + skewMs, skewMs, steppedAt };
  const stamp = Math.max(stampedAt + 1, wall + Math.max(0, skewMs - gapMs));
  return { stampedAt: stamp, skewMs: stamp - wall, steppedAt: stampedAt };
}

/** The clock of a ledger that was exported; an export of an earlier version names no stamp. */
export function importedClock(from: {
  readonly recordedAt: number;
  readonly stampedAt?: number;
}): LedgerClock {
  return { ...newClock, stampedAt: from.stampedAt ?? from.recordedAt };
}

/**
 * What was stamped before this is older than `maxAgeMs`. Null where that cannot be told: the clock stepped back
 * since, and how far it had gone ahead before is not known of single stamps.
 */
export function oldestStamp({ stampedAt, steppedAt }: LedgerClock, maxAgeMs: number): number | null {
  const before = stampedAt - maxAgeMs;
  return steppedAt >= before && steppedAt > 0 ? null : before;
}

/** A stamp as the wall clock's time, ms since the epoch. */
export function toWall(clock: LedgerClock, stamp: number): number {
  return stamp - clock.skewMs;
}
