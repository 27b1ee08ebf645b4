/**
 * The ledger's own time. Wall clocks step: NTP corrects them, machines boot with a wrong one, a failover brings
 * another server's. So the ledger stamps what it learns with a time that runs at the wall clock's pace and never
 * falls. If the wall clock steps back, `skewMs` keeps the difference. Redis restates this in `lua/clock.lua`.
 *
 * Compare stamps only with stamps. Clients see `recordedAt`: the wall clock's time, held while it would fall. It
 * returns to the wall clock by itself; stamps keep their skew.
 */
export interface LedgerClock {
  /** The newest stamp, ms. */
  readonly stampedAt: number;
  /** How far stamps are ahead of the wall clock, ms. */
  readonly skewMs: number;
  /** The newest stamp before the wall clock last stepped back; 0: it never did. */
  readonly steppedAt: number;
}

/** The clock of a ledger that has stamped nothing. */
export const newClock: LedgerClock = { stampedAt: 0, skewMs: 0, steppedAt: 0 };

/** Wall and monotonic clock may drift apart by this between two calls, ms: NTP slews by 0.5 ms a second. */
export const maxDriftMs = 1_000;

/**
 * Advances the clock to the wall time `wall`, ms since the epoch.
 *
 * @param elapsedMs monotonic ms since the last call, if known: reveals a step back that an idle hour would hide
 */
export function atWall(clock: LedgerClock, wall: number, elapsedMs = 0): LedgerClock {
  const stamp = wall + clock.skewMs;
  const least = clock.stampedAt + Math.max(0, Math.floor(elapsedMs) - maxDriftMs);
  if (stamp >= least) return caughtUp(clock, wall, Math.max(0, elapsedMs));
  // One more, so that stamps before the step differ from those after it.
  const stampedAt = least + 1;
  return { stampedAt, skewMs: stampedAt - wall, steppedAt: least };
}

/** A clock that is read every few seconds and advanced by more was set, ms. */
const leapMs = 10_000;

/** If the wall clock leaps forward after a step back, it was corrected: the leap reduces the skew. */
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

/** The clock of an exported ledger. Exports of earlier versions have no stamp. */
export function importedClock(from: {
  readonly recordedAt: number;
  readonly stampedAt?: number;
}): LedgerClock {
  return { ...newClock, stampedAt: from.stampedAt ?? from.recordedAt };
}

/**
 * Stamps before the result are older than `maxAgeMs`. Null if the clock stepped back within that time: a single stamp
 * does not tell how far the clock had been ahead.
 */
export function oldestStamp({ stampedAt, steppedAt }: LedgerClock, maxAgeMs: number): number | null {
  const before = stampedAt - maxAgeMs;
  return steppedAt >= before && steppedAt > 0 ? null : before;
}

/**
 * How old a stamp is, ms; null: unknown. Time cannot be measured over a step back of the wall clock, and a stamp ahead
 * of the clock was lost to a crash.
 */
export function stampAge({ stampedAt, steppedAt }: LedgerClock, stamp: number): number | null {
  return stamp > stampedAt || (stamp <= steppedAt && steppedAt > 0) ? null : stampedAt - stamp;
}

/** Converts a stamp to the wall clock's time, ms since the epoch. */
export function toWall(clock: LedgerClock, stamp: number): number {
  return stamp - clock.skewMs;
}
