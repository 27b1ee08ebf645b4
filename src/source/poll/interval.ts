/**
 * How long to wait before the next look at a repository: shorter after a change and around the hours when the
 * repository usually moves, longer while nothing happens. Pure.
 */
export interface IntervalBounds {
  readonly minIntervalMs: number;
  readonly maxIntervalMs: number;
  /** Where a repository of unknown habits begins. */
  readonly intervalMs: number;
}

/** A repository's habits: how often it changed in each hour of the day (UTC), fading. */
export type Hours = readonly number[];

export const noHours: Hours = new Array<number>(24).fill(0);

/** A look that follows a change: something that is being worked on moves again soon. */
const fasterFactor = 0.5;
/** A quiet look. Slow growth: some 11 quiet looks from 60 s to 15 min. */
const slowerFactor = 1.3;
/** What an hour can hold; when one overflows, all are halved, so that old habits fade. */
const maxHourCount = 35;
/** Changes it takes before hours mean anything. */
const minHistory = 4;
const hourMs = 3_600_000;

export interface Habits {
  readonly intervalMs: number;
  readonly hours: Hours;
}

/** Habits after a look at `now` (ms since the epoch) that found `changes`. */
export function learn(habits: Habits, changes: number, now: number, bounds: IntervalBounds): Habits {
  const base = clamp(habits.intervalMs === 0 ? bounds.intervalMs : habits.intervalMs, bounds);
  if (changes === 0) return { intervalMs: clamp(base * slowerFactor, bounds), hours: habits.hours };
  return {
    // A change also ends a long quiet: never slower than the configured interval after it.
    intervalMs: clamp(Math.min(base, bounds.intervalMs) * fasterFactor, bounds),
    hours: countHour(habits.hours, hourOf(now)),
  };
}

/** The wait before the next look: never past the start of an hour in which the repository usually moves. */
export function waitMs(habits: Habits, now: number, bounds: IntervalBounds): number {
  const { hours } = habits;
  const plainMs = clamp(habits.intervalMs === 0 ? bounds.intervalMs : habits.intervalMs, bounds);
  if (isBusyHour(hours, hourOf(now))) return clamp(Math.min(plainMs, bounds.intervalMs), bounds);
  const toNextHourMs = hourMs - (now % hourMs);
  const reachesBusyHour = plainMs > toNextHourMs && isBusyHour(hours, (hourOf(now) + 1) % 24);
  return reachesBusyHour ? clamp(toNextHourMs, bounds) : plainMs;
}

/** Whether this hour saw clearly more changes than its share. */
function isBusyHour(hours: Hours, hour: number): boolean {
  const total = hours.reduce((sum, count) => sum + count, 0);
  return total >= minHistory && (hours[hour] ?? 0) >= (3 * total) / 24;
}

function countHour(hours: Hours, hour: number): Hours {
  const counted = hours.map((count, index) => (index === hour ? count + 1 : count));
  return (counted[hour] ?? 0) > maxHourCount ? counted.map((count) => count >> 1) : counted;
}

function hourOf(time: number): number {
  return Math.floor(time / hourMs) % 24;
}

function clamp(valueMs: number, bounds: IntervalBounds): number {
  return Math.min(bounds.maxIntervalMs, Math.max(bounds.minIntervalMs, valueMs));
}
