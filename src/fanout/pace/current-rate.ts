import { ManifeedError } from '../../errors.ts';
import { compileGlob } from '../../event/glob.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Counter, Metrics } from '../../lib/metrics.ts';
import { RareLog } from '../../lib/rare-log.ts';
import { type Feedback, pressed, recovered, recoveryPerSecond, unpressed } from './rate.ts';
import type { PaceRule } from './rules.ts';

interface CurrentRateOptions {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** R at this moment: the configured one, changed by operators' overrides and registries' complaints. */
export class CurrentRate {
  readonly #clock: Clock;
  readonly #log: RareLog;
  readonly #raised: Counter;
  readonly #feedback = new Map<string, Feedback>();
  #overrides: readonly PaceOverride[] = [];

  constructor({ clock, metrics, log }: CurrentRateOptions) {
    this.#clock = clock;
    this.#log = new RareLog(log, clock);
    this.#raised = metrics.counter('pace_raised_total', 'Steps in which R was exceeded to keep to maxWindow');
  }

  /** R of a rule for a repository `registry/repository`, deliveries a second. */
  of(repositoryKey: string, rule: PaceRule): number {
    const rate = this.#overridden(rule.deliveriesPerSecond, (pattern) => compileGlob(pattern)(repositoryKey));
    const state = this.#feedback.get(repositoryKey.slice(0, repositoryKey.indexOf('/')));
    return state === undefined ? rate : rate * recovered(state, this.#clock.monotonic()).factor;
  }

  /** Halves R of a registry that answered 429 or 503; R recovers slowly. */
  press(registry: string): void {
    const state = this.#feedback.get(registry) ?? unpressed;
    this.#feedback.set(registry, pressed(state, this.#clock.monotonic()));
  }

  /**
   * Sets R for a while.
   *
   * @param pattern glob over repository keys; null: all
   * @param forMs how long; null: until replaced
   * @throws TOO_MANY_REQUESTS when too many overrides are in force
   */
  override(pattern: string | null, deliveriesPerSecond: number, forMs: number | null): void {
    const now = this.#clock.monotonic();
    const untilMs = forMs === null ? Number.POSITIVE_INFINITY : now + forMs;
    this.#overrides = withOverride(this.#overrides, { pattern, deliveriesPerSecond, untilMs }, now);
  }

  /** Notes that R was exceeded to deliver a change within its longest window. */
  noteRaised(repository: string, rate: number, allowed: number): void {
    this.#raised.inc();
    this.#log.warn(
      'raised',
      { repository, rate: Math.round(rate), allowed: Math.round(allowed) },
      'pace raised: what is held back would not be out within maxWindow',
    );
  }

  describe(configured: number) {
    const now = this.#clock.monotonic();
    return {
      // R of a repository without a rule or override of its own, before its registry's complaints.
      deliveriesPerSecond: this.#overridden(configured, () => false),
      configuredDeliveriesPerSecond: configured,
      overrides: this.#overrides.map(({ pattern, deliveriesPerSecond, untilMs }) => ({
        pattern,
        deliveriesPerSecond,
        forMs: Number.isFinite(untilMs) ? Math.max(0, Math.round(untilMs - now)) : null,
      })),
      registries: Object.fromEntries(
        [...this.#feedback].map(([registry, state]) => [registry, recovered(state, now).factor]),
      ),
    };
  }

  #overridden(configured: number, matches: (pattern: string) => boolean): number {
    const now = this.#clock.monotonic();
    // Oldest first: an override that has ended gives way to the one before it, not to the configuration.
    return this.#overrides.reduceRight(
      (before, each) =>
        each.pattern === null || matches(each.pattern) ? overriddenRate(each, before, now) : before,
      configured,
    );
  }
}

/** R of some repositories for a while. When it ends, R climbs back slowly: held-back changes must not go all at once. */
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
