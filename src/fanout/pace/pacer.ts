/**
 * The pace: holds changes back for paced subscribers so that the pulls they cause stay within R. Owns the changes
 * held back and says when the next slot comes. Its caller delivers what is due and gives back slots that were not
 * needed. Never touches a socket.
 */
import { compileGlob } from '../../event/glob.ts';
import { BoundedMap } from '../../lib/bounded-map.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Metrics } from '../../lib/metrics.ts';
import type { Frame } from '../frame.ts';
import type { Matched } from '../group-index.ts';
import type { Subscriber } from '../subscriber.ts';
import { CurrentRate } from './current-rate.ts';
import { HeldChange } from './held-change.ts';
import { RuleQueues } from './rule-queues.ts';
import { type PaceOptions, type PaceRule, paceRules } from './rules.ts';
import type { GatewayCounts } from './slots.ts';

/** Between two steps. Fine enough that a 100 ms bin holds ten of them. */
const stepMs = 10;
/** A stalled event loop delays what is held back rather than letting it out in one burst. */
const maxStepMs = 50;
/** Held-back changes looked at for one resume position; with more, the position is lower than it need be. */
const maxResumeChecks = 64;
/** Changes held back under all rules, each a few hundred bytes; above that, paced subscribers read from the ledger. */
export const maxHeldChanges = 4_000;
/** Repositories whose rule is remembered. */
const maxRememberedRules = 10_000;

export interface PacerOptions {
  readonly pace: PaceOptions;
  /** Paced subscribers of a repository at all gateways, given this gateway's own count. */
  readonly countsOf: (repositoryKey: string, own: number) => GatewayCounts;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** `full`: held, but too much is held back now. The caller lets its subscribers fall behind, then drops it all. */
export type HoldVerdict = 'at once' | 'held' | 'full';

export class Pacer {
  readonly #options: PacerOptions;
  /** R at this moment; overrides and complaints go there. */
  readonly rate: CurrentRate;
  readonly #ruleOf: (key: string) => PaceRule;
  readonly #rules = new BoundedMap<string, PaceRule>(maxRememberedRules);
  readonly #queues = new Map<string, RuleQueues>();
  /** Changes not let out completely, by their sequences, in order; and by their tags. */
  readonly #pending = new Map<number, HeldChange>();
  readonly #bySubject = new Map<string, HeldChange[]>();
  /** Whether nothing waits, so that time does not count. */
  #resting = true;
  #closed = false;
  #steppedAt = 0;
  #cancel: (() => void) | null = null;
  /** Resolves the promise of `untilDue`. */
  #wake: ((goesOn: boolean) => void) | null = null;

  constructor(options: PacerOptions) {
    this.#options = options;
    this.rate = new CurrentRate(options);
    this.#ruleOf = paceRules(options.pace, compileGlob);
    const { metrics } = options;
    metrics.gauge('pace_held_deliveries', 'Deliveries held back now', [], (gauge) => gauge.set(this.held));
    metrics.gauge('pace_window_seconds', 'Time until what is held back now is out', [], (gauge) =>
      gauge.set(this.windowMs / 1000),
    );
  }

  /** Own deliveries held back now. */
  get held(): number {
    let sum = 0;
    for (const held of this.#pending.values()) sum += held.held;
    return sum;
  }

  /** How long until all that is held back is out, ms, were nothing to change. */
  get windowMs(): number {
    let longest = 0;
    for (const queues of this.#queues.values()) longest = Math.max(longest, queues.windowMs);
    return longest;
  }

  get idle(): boolean {
    return this.#pending.size === 0;
  }

  /**
   * Takes a change for the paced members of these groups. `at once`: so few that it may go out now, which is paid
   * for later. What follows a held-back change of the same tag waits behind it, since order per tag always holds.
   */
  hold(frame: Frame, matched: Matched): HoldVerdict {
    // The others' deliveries spend from R too, yet a gateway without subscribers for this repository knows
    // nothing of them; what it lets out early meanwhile is little.
    if (matched.paced === 0) return 'at once';
    const countsOf = (own: number) => this.#matchingCounts(frame, own, matched);
    const { counts } = countsOf(matched.paced);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const rule = this.ruleOf(frame.key);
    const now = this.#options.clock.monotonic();
    const queues = this.#queuesOf(rule);
    queues.shareAmong(counts.length);
    const before = this.#bySubject.get(frame.subject);
    if (total <= rule.burst && before === undefined) {
      queues.overtake(total, now);
      return 'at once';
    }
    const held = new HeldChange({ frame, matched, rule, countsOf, heldAt: now });
    this.#pending.set(frame.sequence, held);
    if (before === undefined) this.#bySubject.set(frame.subject, [held]);
    else before.push(held);
    queues.enqueue(held, now);
    this.#stir();
    return this.#pending.size > maxHeldChanges ? 'full' : 'held';
  }

  /**
   * Resolves when it is time to ask for what is `due`. For one caller.
   *
   * @returns false: the pace is closed
   */
  untilDue(): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#closed) return resolve(false);
      this.#wake = resolve;
      if (!this.#resting) this.#wakeAfter(this.#stepMs());
    });
  }

  /** Yields every change of which a slot may have come, for its slots to be taken before the next is asked for. */
  *due(): Generator<HeldChange> {
    const now = this.#options.clock.monotonic();
    const elapsedMs = Math.min(Math.max(now - this.#steppedAt, 0.001), maxStepMs);
    this.#steppedAt = now;
    for (const queues of this.#queues.values()) {
      for (const held of queues.due(elapsedMs, now)) {
        yield held;
        if (held.over) this.#forget(held);
      }
    }
    this.#resting = true;
    for (const queues of this.#queues.values()) if (queues.busy) this.#resting = false;
  }

  /** The slot of a subscriber was not needed: it is gone or behind, or has the change. */
  takeBack({ rule }: HeldChange): void {
    this.#queuesOf(rule).takeBack();
  }

  /** One delivery of a replay: null when it may go now, else a promise of its turn. Either way it is paid for. */
  admit(repositoryKey: string, subscriber: Subscriber): Promise<void> | null {
    const queues = this.#queuesOf(this.ruleOf(repositoryKey));
    queues.shareAmong(this.#options.countsOf(repositoryKey, 0).counts.length);
    const turn = queues.admit(repositoryKey, subscriber, this.#options.clock.monotonic());
    if (turn !== null) this.#stir();
    return turn;
  }

  /** Notes deliveries of a catch-up under way. Negative: gives back what was admitted in vain. */
  charge(repositoryKey: string, deliveries: number): void {
    this.#queuesOf(this.ruleOf(repositoryKey)).charge(deliveries, this.#options.clock.monotonic());
  }

  /** Whether a catch-up of this subscriber waits for its turn. */
  keepsWaiting(subscriber: Subscriber): boolean {
    return [...this.#queues.values()].some((queues) => queues.keepsWaiting(subscriber));
  }

  /** Its connection is gone: a turn that it waits for comes at once, for nothing. */
  leave(subscriber: Subscriber): void {
    for (const queues of this.#queues.values()) queues.leave(subscriber);
  }

  /** The lowest sequence below `limit` that is still held back for this subscriber; null when there is none. */
  heldFor(subscriber: Subscriber, limit: number): number | null {
    let checks = 0;
    for (const [sequence, held] of this.#pending) {
      if (sequence >= limit) return null;
      if (sequence <= subscriber.liveFrom || subscriber.ahead?.has(sequence) || held.passed(subscriber))
        continue;
      if (++checks > maxResumeChecks || subscriber.wants(held.frame.change, held.frame.key)) return sequence;
    }
    return null;
  }

  /** Whether the subscriber's slot for this change is still to come. */
  isDue(subscriber: Subscriber, sequence: number): boolean {
    const held = this.#pending.get(sequence);
    return held !== undefined && !held.passed(subscriber);
  }

  /** Held-back changes of the same tag, later than this one, in order: what conflation may replace it by. */
  laterOfSameSubject(held: HeldChange): readonly HeldChange[] {
    const all = this.#bySubject.get(held.frame.subject) ?? [];
    return all.filter((each) => each.frame.sequence > held.frame.sequence);
  }

  /** What `GET /v1/pace` shows. */
  describe(): object {
    const { registries, ...rates } = this.rate.describe(this.#options.pace.deliveriesPerSecond);
    return {
      ...rates,
      heldDeliveries: this.held,
      windowMs: Math.round(this.windowMs),
      waitingReplays: [...this.#queues.values()].reduce((sum, queues) => sum + queues.waiting, 0),
      registries,
    };
  }

  /** The rule of a repository, remembered: patterns are not judged again at each change. */
  ruleOf(key: string): PaceRule {
    return this.#rules.getOrMake(key, this.#ruleOf);
  }

  /** Forgets the held-back changes: their subscribers get them another way. */
  dropHeld(): void {
    for (const held of this.#pending.values()) held.drop();
    this.#pending.clear();
    this.#bySubject.clear();
    for (const queues of this.#queues.values()) queues.dropHeld();
  }

  /** Forgets all that is held back (the epoch changed) and lets waiting replays go on. */
  clear(): void {
    this.dropHeld();
    for (const queues of this.#queues.values()) queues.release();
    this.#queues.clear();
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.clear();
    this.#wake?.(false);
  }

  /**
   * How many subscribers of each gateway want this very change. Gateways tell each other counts by repository only,
   * so the others' subscribers are assumed to want it in the same proportion as those here.
   */
  #matchingCounts(frame: Frame, own: number, matched: Matched): GatewayCounts {
    const { node, counts } = this.#options.countsOf(frame.key, matched.pacedOfRepository);
    const part = matched.paced / matched.pacedOfRepository;
    return { node, counts: counts.map((count, each) => (each === node ? own : Math.round(count * part))) };
  }

  #forget(held: HeldChange): void {
    const { sequence, subject } = held.frame;
    if (this.#pending.get(sequence) === held) this.#pending.delete(sequence);
    const others = (this.#bySubject.get(subject) ?? []).filter((each) => each !== held);
    if (others.length > 0) this.#bySubject.set(subject, others);
    else this.#bySubject.delete(subject);
  }

  #queuesOf(rule: PaceRule): RuleQueues {
    let queues = this.#queues.get(rule.name);
    if (queues === undefined) {
      queues = new RuleQueues(rule, this.rate, this.#options.clock.monotonic());
      this.#queues.set(rule.name, queues);
    }
    return queues;
  }

  /** Something waits: from now on time counts. */
  #stir(): void {
    if (!this.#resting) return;
    this.#resting = false;
    this.#steppedAt = this.#options.clock.monotonic();
    // The first step comes at once: the first subscriber's slot is now.
    if (this.#wake !== null) this.#wakeAfter(0);
  }

  /** A whole step, or less where all that is held back is due sooner. */
  #stepMs(): number {
    const sinceMs = this.#options.clock.monotonic() - this.#steppedAt;
    const wholeMs = this.idle ? stepMs : Math.min(stepMs, Math.max(1, this.windowMs));
    return Math.max(0, wholeMs - sinceMs);
  }

  #wakeAfter(delayMs: number): void {
    this.#cancel = this.#options.clock.after(delayMs, () => {
      const wake = this.#wake;
      this.#wake = null;
      wake?.(true);
    });
  }
}
