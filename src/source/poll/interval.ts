/** The wait before the next look: shorter after changes and near busy hours, longer in quiet times. Pure. */
import type { RegistryPollOptions } from './options.ts';

type IntervalBounds = Pick<RegistryPollOptions, 'intervalMs' | 'minIntervalMs' | 'maxIntervalMs'>;

/** How often a repository changed in each hour of the day (UTC); old changes fade. */
export type Hours = readonly number[];

export const noHours: Hours = new Array<number>(24).fill(0);

/** After a change: a repository in work soon changes again. */
const fasterFactor = 0.5;
/** After a quiet look: it takes about 11 of them from 60 s to 15 min. */
const slowerFactor = 1.3;
/** When an hour exceeds this, all are halved, so that old habits fade. */
const maxHourCount = 35;
/** Changes needed before hours mean anything. */
const minHistory = 4;
const hourMs = 3_600_000;

/** How often a repository changes. */
export interface Habits {
  readonly intervalMs: number;
  readonly hours: Hours;
}

/** Habits after a look at `now` (ms since the epoch) that found `changes`. */
export function learn(habits: Habits, changes: number, now: number, bounds: IntervalBounds): Habits {
  const base = clamp(habits.intervalMs === 0 ? bounds.intervalMs : habits.intervalMs, bounds);
  if (changes === 0) return { intervalMs: clamp(base * slowerFactor, bounds), hours: habits.hours };
  return {
    // After a change, never wait longer than the configured interval.
    intervalMs: clamp(Math.min(base, bounds.intervalMs) * fasterFactor, bounds),
    hours: countHour(habits.hours, hourOf(now)),
  };
}

/** The wait before the next look; it ends at the latest when a busy hour begins. */
export function waitMs(habits: Habits, now: number, bounds: IntervalBounds): number {
  const { hours } = habits;
  const plainMs = clamp(habits.intervalMs === 0 ? bounds.intervalMs : habits.intervalMs, bounds);
  if (isBusyHour(hours, hourOf(now))) return clamp(Math.min(plainMs, bounds.intervalMs), bounds);
  const toNextHourMs = hourMs - (now % hourMs);
  const reachesBusyHour = plainMs > toNextHourMs && isBusyHour(hours, (hourOf(now) + 1) % 24);
  return reachesBusyHour ? clamp(toNextHourMs, bounds) : plainMs;
}

/** Whether this hour saw at least three times its share of the changes. */
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
