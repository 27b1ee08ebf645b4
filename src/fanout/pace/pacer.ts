/**
 * Holds changes back for paced subscribers, so that the pulls that they cause stay within R, and says when the next
 * slot comes. The caller delivers what is due and gives back slots that were not needed.
 */
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

/** Time between two steps: short, so that a 100 ms bin holds ten. */
const stepMs = 10;
/** After a stall of the event loop, held-back changes are late instead of going out in one burst. */
const maxStepMs = 50;
/** Held-back changes checked for one resume position. With more, the position is lower than necessary. */
const maxResumeChecks = 64;
/** Most changes held back, each a few hundred bytes. Above that, paced subscribers read from the ledger. */
export const maxHeldChanges = 4_000;
const maxRememberedRules = 10_000;

interface PacerOptions {
  readonly pace: PaceOptions;
  /** Paced subscribers of a repository at all gateways, given this gateway's own count. */
  readonly countsOf: (repositoryKey: string, own: number) => GatewayCounts;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** `full`: held, but now too much is held back. The caller lets its subscribers fall behind, then drops it all. */
type HoldVerdict = 'at once' | 'held' | 'full';

export class Pacer {
  readonly #options: PacerOptions;
  /** R at this moment. Overrides and complaints go here. */
  readonly rate: CurrentRate;
  readonly #ruleOf: (key: string) => PaceRule;
  readonly #rules = new BoundedMap<string, PaceRule>(maxRememberedRules);
  readonly #queues = new Map<string, RuleQueues>();
  /** Changes not fully delivered: by sequence, in order; and by tag. */
  readonly #pending = new Map<number, HeldChange>();
  readonly #bySubject = new Map<string, HeldChange[]>();
  /** Nothing waits, so time does not count. */
  #resting = true;
  #closed = false;
  #steppedAt = 0;
  #cancel: (() => void) | null = null;
  /** Resolves the promise of `untilDue`. */
  #wake: ((goesOn: boolean) => void) | null = null;

  constructor(options: PacerOptions) {
    this.#options = options;
    this.rate = new CurrentRate(options);
    this.#ruleOf = paceRules(options.pace);
    const { metrics } = options;
    metrics.gauge('pace_held_deliveries', 'Deliveries held back now', [], (gauge) => gauge.set(this.held));
    metrics.gauge('pace_window_seconds', 'Time until what is held back now is out', [], (gauge) =>
      gauge.set(this.windowMs / 1000),
    );
  }

  /** This gateway's deliveries held back now. */
  get held(): number {
    let sum = 0;
    for (const held of this.#pending.values()) sum += held.held;
    return sum;
  }

  /** Time until all held-back changes are out, if nothing changes, ms. */
  get windowMs(): number {
    let longest = 0;
    for (const queues of this.#queues.values()) longest = Math.max(longest, queues.windowMs);
    return longest;
  }

  get idle(): boolean {
    return this.#pending.size === 0;
  }

  /**
   * Takes a change for the paced members of these groups. `at once`: they are so few that it goes out now and is
   * paid for later. A change that follows a held-back one of the same tag waits behind it, to keep order.
   */
  hold(frame: Frame, matched: Matched): HoldVerdict {
    // Deliveries of other gateways spend R too, but a gateway without subscribers for this repository does not know
    // of them. It lets out little early meanwhile.
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

  /** Resolves when it is time to call `due`; false: the pace is closed. For one caller. */
  untilDue(): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#closed) return resolve(false);
      this.#wake = resolve;
      if (!this.#resting) this.#wakeAfter(this.#stepMs());
    });
  }

  /** Yields every change of which a slot may have come. Take its slots before asking for the next change. */
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

  /** Gives back a slot: its subscriber is gone or behind, or has the change. */
  takeBack({ rule }: HeldChange): void {
    this.#queuesOf(rule).takeBack();
  }

  /** One delivery of a replay. Null: it may go now; otherwise resolves at its turn. It is paid for in both cases. */
  admit(repositoryKey: string, subscriber: Subscriber): Promise<void> | null {
    const queues = this.#queuesOf(this.ruleOf(repositoryKey));
    queues.shareAmong(this.#options.countsOf(repositoryKey, 0).counts.length);
    const turn = queues.admit(repositoryKey, subscriber, this.#options.clock.monotonic());
    if (turn !== null) this.#stir();
    return turn;
  }

  /** Charges deliveries of a running catch-up. Negative: gives back deliveries that did not happen. */
  charge(repositoryKey: string, deliveries: number): void {
    this.#queuesOf(this.ruleOf(repositoryKey)).charge(deliveries, this.#options.clock.monotonic());
  }

  /** Whether a catch-up of this subscriber waits for its turn. */
  keepsWaiting(subscriber: Subscriber): boolean {
    return [...this.#queues.values()].some((queues) => queues.keepsWaiting(subscriber));
  }

  /** The connection is gone: if it waits for a turn, the wait ends. */
  leave(subscriber: Subscriber): void {
    for (const queues of this.#queues.values()) queues.leave(subscriber);
  }

  /** The lowest sequence below `limit` that is still held back for this subscriber; null: none. */
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
  awaitsSlot(subscriber: Subscriber, sequence: number): boolean {
    const held = this.#pending.get(sequence);
    return held !== undefined && !held.passed(subscriber);
  }

  /** Later held-back changes of the same tag, in order. Conflation may replace this one by the last of them. */
  laterOfSameSubject(held: HeldChange): readonly HeldChange[] {
    const all = this.#bySubject.get(held.frame.subject) ?? [];
    return all.filter((each) => each.frame.sequence > held.frame.sequence);
  }

  /** What `GET /v1/pace` shows. */
  describe() {
    const { registries, ...rates } = this.rate.describe(this.#options.pace.deliveriesPerSecond);
    return {
      ...rates,
      heldDeliveries: this.held,
      windowMs: Math.round(this.windowMs),
      waitingReplays: [...this.#queues.values()].reduce((sum, queues) => sum + queues.waiting, 0),
      registries,
    };
  }

  /** The rule of a repository. Remembered, so that patterns are not judged again at each change. */
  ruleOf(key: string): PaceRule {
    return this.#rules.getOrMake(key, this.#ruleOf);
  }

  /** Forgets the held-back changes; their subscribers get them another way. */
  dropHeld(): void {
    for (const held of this.#pending.values()) held.drop();
    this.#pending.clear();
    this.#bySubject.clear();
    for (const queues of this.#queues.values()) queues.dropHeld();
  }

  /** Forgets all held-back changes, because the epoch changed, and lets waiting replays continue. */
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

  /** Counts for this very change: gateways share them by repository, so the proportion here is assumed for all. */
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

  /** A whole step, or less if everything held back is due sooner. */
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
