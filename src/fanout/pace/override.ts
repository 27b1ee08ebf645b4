/** An override by `PUT /v1/pace`. When it ends, R climbs back slowly: held-back changes must not go all at once. */
import { ManifeedError } from '../../errors.ts';
import { recoveryPerSecond } from './rate.ts';

/** R of some repositories for a while. */
export interface PaceOverride {
  /** Glob over `registry/repository`; null: all repositories. */
  readonly pattern: string | null;
  /** R while it lasts, > 0. */
  readonly deliveriesPerSecond: number;
  /** When it ends, monotonic ms; Infinity: when it is replaced. */
  readonly untilMs: number;
}

/** Overrides kept at a time. */
export const maxOverrides = 100;

/**
 * The overrides with `added`, newest first. One with the same pattern is replaced; those long over are dropped.
 *
 * @param now monotonic ms
 * @throws TOO_MANY_REQUESTS when `maxOverrides` are still in force
 */
export function withOverride(
  overrides: readonly PaceOverride[],
  added: PaceOverride,
  now: number,
): readonly PaceOverride[] {
  const kept = overrides.filter((each) => each.pattern !== added.pattern && !hasRecovered(each, now));
  if (kept.length >= maxOverrides) {
    throw new ManifeedError(
      'TOO_MANY_REQUESTS',
      `set pace: ${kept.length} overrides in force: must be fewer than ${maxOverrides}`,
    );
  }
  return [added, ...kept];
}

/** Whether it has ended and R has fully recovered. */
export function hasRecovered(override: PaceOverride, now: number): boolean {
  return now - override.untilMs >= 1000 / recoveryPerSecond;
}

/**
 * R at `now` (monotonic ms): the override's while it lasts, then rising to `configured` by `recoveryPerSecond` of
 * it a second. An override above `configured` ends at once.
 */
export function overriddenRate(override: PaceOverride, configured: number, now: number): number {
  const overMs = now - override.untilMs;
  if (overMs < 0) return override.deliveriesPerSecond;
  const regained = override.deliveriesPerSecond + configured * recoveryPerSecond * (overMs / 1000);
  return Math.min(configured, regained);
}
