import { compileGlob } from '../../event/glob.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Counter, Metrics } from '../../lib/metrics.ts';
import { RareLog } from '../../lib/rare-log.ts';
import { overriddenRate, type PaceOverride, withOverride } from './override.ts';
import { type Feedback, pressed, recovered, unpressed } from './rate.ts';
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
