/**
 * The pace: holds changes back for paced subscribers so that the pulls they cause stay within R. Owns the
 * waves under way and one timer; decides by the pure functions of `pacing/`. Never touches a socket: what is
 * due is handed to the hub.
 */
import { compileGlob } from '../../event/glob.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Metrics } from '../../lib/metrics.ts';
import type { Frame } from '../frame.ts';
import type { Matched } from '../group.ts';
import type { Subscriber } from '../subscriber.ts';
import { Budget, type BudgetPort } from './budget.ts';
import { overriddenRate, type PaceOverride, withOverride } from './override.ts';
import { type Feedback, pressed, recovered, unpressed } from './rate.ts';
import { type PaceOptions, type PaceRule, paceRules } from './rules.ts';
import { type Crowd, Wave } from './wave.ts';

/** Between two steps. Fine enough that a 100 ms bin holds ten of them. */
const stepMs = 10;
/** A stalled event loop delays what is held back rather than letting it out in one burst. */
const maxStepMs = 50;
/** Pending waves looked at for one resume position; with more, the position is lower than it need be. */
const maxResumeChecks = 64;
/** Waves held back in all lanes together, each a few hundred bytes; over it those who wait are fed from the ledger. */
export const maxHeldWaves = 4_000;
/** Repositories whose rule is remembered. */
const maxRememberedRules = 10_000;

export interface PacerOptions {
  readonly pace: PaceOptions;
  /** Paced subscribers of a repository at all gateways, given this gateway's own count. */
  readonly crowdOf: (repositoryKey: string, own: number) => Crowd;
  readonly deliver: (wave: Wave, subscriber: Subscriber) => boolean;
  /** Too much is held back, and all of it is dropped: its subscribers fall behind, before that. */
  readonly overflow: () => void;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

export class Pacer {
  readonly #options: PacerOptions;
  readonly #ruleOf: (key: string) => PaceRule;
  readonly #rules = new Map<string, PaceRule>();
  readonly #budgets = new Map<string, Budget>();
  /** Waves not over, by their sequences, in order; and by their tags. */
  readonly #pending = new Map<number, Wave>();
  readonly #bySubject = new Map<string, Wave[]>();
  readonly #feedback = new Map<string, Feedback>();
  #overrides: readonly PaceOverride[] = [];
  #cancel: (() => void) | null = null;
  #steppedAt = 0;
  #raisedLoggedAt = Number.NEGATIVE_INFINITY;
  readonly #port: BudgetPort;
  readonly #raised;

  constructor(options: PacerOptions) {
    this.#options = options;
    this.#ruleOf = paceRules(options.pace, compileGlob);
    this.#raised = options.metrics.counter(
      'pace_raised_total',
      'Steps in which R was exceeded to keep to maxWindow',
    );
    options.metrics.gauge('pace_held_deliveries', 'Deliveries held back now', [], (gauge) =>
      gauge.set(this.held),
    );
    options.metrics.gauge('pace_window_seconds', 'Time until what is held back now is out', [], (gauge) =>
      gauge.set(this.windowMs / 1000),
    );
    this.#port = {
      rateOf: (key, rule) => this.#rateOf(key, rule),
      deliver: options.deliver,
      finished: (wave) => this.#forget(wave),
      raised: (key, rate, allowed) => this.#noteRaised(key, rate, allowed),
    };
  }

  /** Own deliveries held back by now. */
  get held(): number {
    let sum = 0;
    for (const wave of this.#pending.values()) sum += wave.held;
    return sum;
  }

  /** How long until all that is held back is out, ms, were nothing to change. */
  get windowMs(): number {
    let longest = 0;
    for (const budget of this.#budgets.values()) {
      const waves = [...budget.priority, ...budget.live];
      const first = waves[0];
      if (first === undefined) continue;
      const backlog = waves.reduce((sum, wave) => sum + wave.remaining, 0);
      longest = Math.max(longest, (backlog * 1000) / this.#rateOf(first.frame.key, first.rule));
    }
    return longest;
  }

  get idle(): boolean {
    return this.#pending.size === 0;
  }

  /**
   * Takes a change for the paced members of these groups. False: so few that it may go out at once, which
   * is paid for later. True: it became a wave. What follows a held-back change of the same tag waits behind it,
   * since order per tag always holds.
   */
  hold(frame: Frame, matched: Matched): boolean {
    // The others' deliveries spend from R too, yet a gateway without subscribers for this repository knows
    // nothing of them; what it lets out early meanwhile is little.
    if (matched.paced === 0) return false;
    const crowdOf = (own: number) => this.#matchingCrowd(frame, own, matched);
    const crowd = crowdOf(matched.paced);
    const total = crowd.counts.reduce((sum, count) => sum + count, 0);
    const rule = this.ruleOf(frame.key);
    const now = this.#options.clock.monotonic();
    const budget = this.#budgetOf(rule);
    budget.observe(crowd);
    const behind = this.#bySubject.get(frame.subject);
    if (total <= rule.burst && behind === undefined) {
      budget.overtake(total, now);
      return false;
    }
    const wave = new Wave({ frame, matched, rule, crowdOf, heldAt: now });
    this.#pending.set(frame.sequence, wave);
    if (behind === undefined) this.#bySubject.set(frame.subject, [wave]);
    else behind.push(wave);
    budget.enqueue(wave, now);
    if (this.#pending.size > maxHeldWaves) this.#overflow();
    this.#run();
    return true;
  }

  /** One delivery of a replay: null when it may go now, else a promise of its turn. Either way it is paid for. */
  admit(repositoryKey: string, subscriber: Subscriber): Promise<void> | null {
    const budget = this.#budgetOf(this.ruleOf(repositoryKey));
    budget.observe(this.#options.crowdOf(repositoryKey, 0));
    const turn = budget.admit(repositoryKey, subscriber, this.#options.clock.monotonic());
    if (turn !== null) this.#run();
    return turn;
  }

  /** Notes deliveries of a catch-up under way. Negative: gives back what was admitted in vain. */
  charge(repositoryKey: string, deliveries: number): void {
    this.#budgetOf(this.ruleOf(repositoryKey)).charge(deliveries, this.#options.clock.monotonic());
  }

  /** Whether a catch-up of this subscriber waits for its turn. */
  keepsWaiting(subscriber: Subscriber): boolean {
    return [...this.#budgets.values()].some((budget) => budget.keepsWaiting(subscriber));
  }

  /** Its connection is gone: a turn that it waits for comes at once, for nothing. */
  leave(subscriber: Subscriber): void {
    for (const budget of this.#budgets.values()) budget.leave(subscriber);
  }

  /** The lowest sequence below `limit` that is still held back for this subscriber; null when there is none. */
  heldFor(subscriber: Subscriber, limit: number): number | null {
    let checks = 0;
    for (const [sequence, wave] of this.#pending) {
      if (sequence >= limit) return null;
      if (sequence <= subscriber.liveFrom || subscriber.ahead?.has(sequence) || wave.passed(subscriber))
        continue;
      if (++checks > maxResumeChecks || subscriber.wants(wave.frame.change, wave.frame.key)) return sequence;
    }
    return null;
  }

  /** Whether the subscriber's slot for this change is still to come. */
  isDue(subscriber: Subscriber, sequence: number): boolean {
    const wave = this.#pending.get(sequence);
    return wave !== undefined && !wave.passed(subscriber);
  }

  /** Waves of the same tag as `wave`, later than it, in order: what conflation may replace it by. */
  laterOfSameSubject(wave: Wave): readonly Wave[] {
    const all = this.#bySubject.get(wave.frame.subject) ?? [];
    return all.filter((each) => each.frame.sequence > wave.frame.sequence);
  }

  /** A registry answered 429 or 503: its R is halved, and recovers slowly. */
  press(registry: string): void {
    const state = this.#feedback.get(registry) ?? unpressed;
    this.#feedback.set(registry, pressed(state, this.#options.clock.monotonic()));
  }

  /**
   * Sets R for a while, as an operator's `PUT /v1/pace` asks.
   *
   * @param pattern glob over repository keys; null: all
   * @param forMs how long; null: until replaced
   * @throws TOO_MANY_REQUESTS when too many overrides are in force
   */
  override(pattern: string | null, deliveriesPerSecond: number, forMs: number | null): void {
    const now = this.#options.clock.monotonic();
    const untilMs = forMs === null ? Number.POSITIVE_INFINITY : now + forMs;
    this.#overrides = withOverride(this.#overrides, { pattern, deliveriesPerSecond, untilMs }, now);
  }

  /** What `GET /v1/pace` shows. */
  describe(): object {
    const now = this.#options.clock.monotonic();
    const configured = this.#options.pace.deliveriesPerSecond;
    return {
      // What holds for a repository without a rule or override of its own, before its registry's complaints.
      deliveriesPerSecond: this.#overrides.reduceRight(
        (before, each) => (each.pattern === null ? overriddenRate(each, before, now) : before),
        configured,
      ),
      configuredDeliveriesPerSecond: configured,
      overrides: this.#overrides.map((each) => ({
        pattern: each.pattern,
        deliveriesPerSecond: each.deliveriesPerSecond,
        forMs: Number.isFinite(each.untilMs) ? Math.max(0, Math.round(each.untilMs - now)) : null,
      })),
      heldDeliveries: this.held,
      windowMs: Math.round(this.windowMs),
      waitingReplays: [...this.#budgets.values()].reduce((sum, budget) => sum + budget.waiting, 0),
      registries: Object.fromEntries(
        [...this.#feedback].map(([registry, state]) => [registry, recovered(state, now).factor]),
      ),
    };
  }

  /** The rule of a repository, remembered: patterns are not judged again at each change. */
  ruleOf(key: string): PaceRule {
    let rule = this.#rules.get(key);
    if (rule === undefined) {
      if (this.#rules.size >= maxRememberedRules) this.#rules.clear();
      rule = this.#ruleOf(key);
      this.#rules.set(key, rule);
    }
    return rule;
  }

  /** Forgets all that is held back (the epoch changed) and lets waiting replays go on. */
  clear(): void {
    this.#dropWaves();
    for (const budget of this.#budgets.values()) budget.release();
    this.#budgets.clear();
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.clear();
  }

  /**
   * Who waits for this very change: gateways tell each other counts by repository only, so the others' are taken
   * to want it in the same proportion as the subscribers here.
   */
  #matchingCrowd(frame: Frame, own: number, matched: Matched): Crowd {
    const { node, counts } = this.#options.crowdOf(frame.key, matched.pacedOfRepository);
    const part = matched.paced / matched.pacedOfRepository;
    return { node, counts: counts.map((count, each) => (each === node ? own : Math.round(count * part))) };
  }

  #overflow(): void {
    this.#options.overflow();
    this.#dropWaves();
  }

  #dropWaves(): void {
    this.#pending.clear();
    this.#bySubject.clear();
    for (const budget of this.#budgets.values()) budget.dropWaves();
  }

  #forget(wave: Wave): void {
    const { sequence, subject } = wave.frame;
    this.#pending.delete(sequence);
    const others = (this.#bySubject.get(subject) ?? []).filter((each) => each !== wave);
    if (others.length > 0) this.#bySubject.set(subject, others);
    else this.#bySubject.delete(subject);
  }

  #budgetOf(rule: PaceRule): Budget {
    let budget = this.#budgets.get(rule.name);
    if (budget === undefined) {
      budget = new Budget(rule, this.#port, this.#options.clock.monotonic());
      this.#budgets.set(rule.name, budget);
    }
    return budget;
  }

  /** R of a rule by now: overrides, the newest last, times what the registry's complaints left of it. */
  #rateOf(key: string, rule: PaceRule): number {
    const now = this.#options.clock.monotonic();
    // From the oldest: one that is over gives way to what was in force before it, not to the configuration.
    const rate = this.#overrides.reduceRight(
      (before, each) =>
        each.pattern === null || compileGlob(each.pattern)(key) ? overriddenRate(each, before, now) : before,
      rule.deliveriesPerSecond,
    );
    const state = this.#feedback.get(key.slice(0, key.indexOf('/')));
    return state === undefined ? rate : rate * recovered(state, now).factor;
  }

  #run(): void {
    if (this.#cancel !== null) return;
    this.#steppedAt = this.#options.clock.monotonic();
    // The first step comes at once: the first subscriber's slot is now.
    this.#cancel = this.#options.clock.after(0, () => this.#step());
  }

  #step(): void {
    const now = this.#options.clock.monotonic();
    const elapsedMs = Math.min(Math.max(now - this.#steppedAt, 0.001), maxStepMs);
    this.#steppedAt = now;
    let busy = false;
    for (const budget of this.#budgets.values()) {
      budget.step(elapsedMs, now);
      busy ||= budget.busy;
    }
    this.#cancel = busy ? this.#options.clock.after(stepMs, () => this.#step()) : null;
  }

  #noteRaised(key: string, rate: number, allowed: number): void {
    this.#raised.inc();
    const now = this.#options.clock.monotonic();
    if (now - this.#raisedLoggedAt < 60_000) return;
    this.#raisedLoggedAt = now;
    this.#options.log.warn(
      { repository: key, rate: Math.round(rate), allowed: Math.round(allowed) },
      'pace raised: what is held back would not be out within maxWindow',
    );
  }
}
