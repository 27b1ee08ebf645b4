import type { Subscriber } from '../subscriber.ts';
import type { CurrentRate } from './current-rate.ts';
import type { HeldChange } from './held-change.ts';
import type { PaceRule } from './rules.ts';
import { leftToOthers, shares } from './shares.ts';

/** Most changes waiting in one queue. Above it the oldest is let out regardless of R. */
export const maxQueuedChanges = 1_000;
/** Most that deliveries that were not held back may owe, in seconds of R. */
const maxDebtSeconds = 1;

interface Replay {
  readonly repositoryKey: string;
  /** Monotonic ms by which it continues, whatever the rate. */
  readonly deadline: number;
  resolve(): void;
}

/** Held-back changes (priority first) and replays of one rule, which share R. Yields what is due for elapsed time. */
export class RuleQueues {
  readonly rule: PaceRule;
  readonly #priority: HeldChange[] = [];
  readonly #live: HeldChange[] = [];
  /** In order of arrival. A map, so that a client that hangs up leaves at once: a reconnect loop cannot fill it. */
  readonly #replays = new Map<Subscriber, Replay>();
  readonly #rate: CurrentRate;
  /** What replays may spend at once; below zero while a long replay is being paid off. */
  #tokens: number;
  /** Replays that must continue without tokens, to meet their deadline. */
  #urgent = 0;
  /** Deliveries of small changes that went out at once. The held-back changes pay for them. */
  #owed = 0;
  /** The part of R that this gateway's replays may spend. */
  #share = 1;
  #refilledAt: number;

  constructor(rule: PaceRule, rate: CurrentRate, now: number) {
    this.rule = rule;
    this.#rate = rate;
    this.#tokens = rule.burst;
    this.#refilledAt = now;
  }

  get busy(): boolean {
    return this.#priority.length + this.#live.length + this.#replays.size > 0;
  }

  /** Time until all held-back changes are out at the current rate, ms; 0: none is held back. */
  get windowMs(): number {
    const first = this.#priority[0] ?? this.#live[0];
    if (first === undefined) return 0;
    let backlog = 0;
    for (const held of this.#priority) backlog += held.remaining;
    for (const held of this.#live) backlog += held.remaining;
    return (backlog * 1000) / this.#rate.of(first.frame.key, first.rule);
  }

  get waiting(): number {
    return this.#replays.size;
  }

  keepsWaiting(subscriber: Subscriber): boolean {
    return this.#replays.has(subscriber);
  }

  /**
   * Sets how many gateways share R. Each gets an equal part for its catch-ups: a share by subscribers would starve
   * a restarted gateway, whose subscribers are still reconnecting.
   */
  shareAmong(gateways: number): void {
    this.#share = 1 / Math.max(1, gateways);
  }

  enqueue(held: HeldChange, now: number): void {
    this.#refill(now);
    (held.rule.priority ? this.#priority : this.#live).push(held);
    // The change spends all of R from now on; a burst on top would exceed R.
    this.#tokens = Math.min(this.#tokens, 0);
  }

  /** Gives an unused slot to the replays. */
  takeBack(): void {
    this.#tokens = Math.min(this.#tokens + 1, this.rule.burst);
  }

  /** Charges a small change that goes out at once, to `deliveries` subscribers of all gateways. */
  overtake(deliveries: number, now: number): void {
    this.#refill(now);
    const own = deliveries * this.#share;
    const unspent = Math.max(0, Math.min(own, this.#tokens));
    this.#tokens -= unspent;
    const rate = this.#anyRate();
    this.#owed = Math.min(this.#owed + (own - unspent) / this.#share, rate * maxDebtSeconds);
  }

  /** Charges deliveries of a running catch-up; later ones pay for them, up to a bound. */
  charge(deliveries: number, now: number): void {
    this.#refill(now);
    const lowest = -this.#replayRate() * maxDebtSeconds;
    this.#tokens = Math.min(this.rule.burst, Math.max(this.#tokens - deliveries, lowest));
  }

  admit(repositoryKey: string, subscriber: Subscriber, now: number): Promise<void> | null {
    this.#refill(now);
    if (this.#replays.size === 0 && this.#tokens >= 1) {
      this.#tokens--;
      return null;
    }
    return new Promise((resolve) => {
      this.leave(subscriber);
      this.#replays.set(subscriber, { repositoryKey, deadline: now + this.rule.maxWindowMs, resolve });
    });
  }

  leave(subscriber: Subscriber): void {
    const replay = this.#replays.get(subscriber);
    this.#replays.delete(subscriber);
    replay?.resolve();
  }

  /** Advances by `elapsedMs` and yields every change of which a slot may have come; take its slots first. */
  *due(elapsedMs: number, now: number): Generator<HeldChange> {
    if (!this.busy) return this.#refill(now);
    const part = shares({
      priority: this.#priority.length > 0,
      live: this.#live.length > 0,
      replay: this.#replays.size > 0,
    });
    const leftMs = elapsedMs - this.#payOff(elapsedMs, leftToOthers);
    yield* this.#advance(this.#priority, part.priority, leftMs, now);
    yield* this.#advance(this.#live, part.live, leftMs, now);
    this.#refilledAt = now;
    if (part.replay > 0) this.#serveReplays(part.replay, leftMs, elapsedMs, now);
    else this.#urgent = 0;
  }

  dropHeld(): void {
    this.#priority.length = 0;
    this.#live.length = 0;
  }

  release(): void {
    for (const subscriber of this.#replays.keys()) this.leave(subscriber);
  }

  /** R of a repository that waits here. */
  #anyRate(): number {
    const first = this.#priority[0]?.frame.key ?? this.#live[0]?.frame.key;
    const waiting: Replay | undefined = this.#replays.values().next().value;
    return this.#rate.of(waiting?.repositoryKey ?? first ?? '', this.rule);
  }

  #replayRate(): number {
    return this.#anyRate() * this.#share;
  }

  /** Spends elapsed time on what is owed, and returns how much, ms. At least the part `kept` of it remains. */
  #payOff(elapsedMs: number, kept: number): number {
    if (this.#owed <= 0) return 0;
    const perMs = this.#anyRate() / 1000;
    const paidMs = Math.min(this.#owed / perMs, elapsedMs * (1 - kept));
    this.#owed = Math.max(0, this.#owed - paidMs * perMs);
    return paidMs;
  }

  #refill(now: number): void {
    // While anything waits, the steps do this.
    if (this.busy) return;
    const elapsedMs = now - this.#refilledAt;
    const leftMs = elapsedMs - this.#payOff(elapsedMs, 0);
    this.#tokens = Math.min(this.rule.burst, this.#tokens + (this.#replayRate() * leftMs) / 1000);
    this.#refilledAt = now;
  }

  #serveReplays(part: number, leftMs: number, elapsedMs: number, now: number): void {
    this.#tokens += (this.#replayRate() * leftMs * part) / 1000;
    const [oldest] = this.#replays.values();
    if (oldest !== undefined) {
      this.#urgent += (this.#replays.size * elapsedMs) / Math.max(elapsedMs, oldest.deadline - now);
    }
    for (const [subscriber, { repositoryKey }] of this.#replays) {
      if (this.#tokens < 1 && this.#urgent < 1) return;
      if (this.#tokens < 1) this.#rate.noteRaised(repositoryKey, this.#replays.size, this.#replayRate());
      // Taken here, not at the delivery: that comes only after the awaiting code has run.
      if (this.#tokens >= 1) this.#tokens--;
      this.#urgent = Math.max(0, this.#urgent - 1);
      this.leave(subscriber);
    }
  }

  *#advance(queue: HeldChange[], part: number, elapsedMs: number, now: number): Generator<HeldChange, void> {
    let leftMs = elapsedMs;
    for (let held = queue[0]; held !== undefined && leftMs > 0; held = queue[0]) {
      if (!held.started) {
        held.start();
        // Time before the change arrived does not count for it.
        leftMs = Math.min(leftMs, Math.max(now - held.heldAt, Number.EPSILON));
      }
      const perMs = this.#rateFor(queue, held, part, now) / 1000;
      const usedMs = Math.min(leftMs, held.remaining / perMs);
      held.progress += usedMs * perMs;
      if (held.remaining < 1e-6) held.progress = held.total;
      leftMs -= usedMs;
      yield held;
      // The queue may have been dropped meanwhile.
      if (queue[0] !== held || !held.over) return;
      queue.shift();
    }
  }

  /** The queue's part of R, or more if a change would miss its deadline. */
  #rateFor(queue: readonly HeldChange[], head: HeldChange, part: number, now: number): number {
    const allowed = this.#rate.of(head.frame.key, head.rule) * part;
    let rate = allowed;
    let backlog = 0;
    for (const [index, held] of queue.entries()) {
      backlog += held.remaining;
      const overfull = index === 0 && queue.length > maxQueuedChanges;
      const maxWindowMs = overfull ? 1 : Math.max(1, held.deadline - now);
      rate = Math.max(rate, (backlog * 1000) / maxWindowMs);
    }
    if (rate > allowed) this.#rate.noteRaised(head.frame.key, rate, allowed);
    return rate;
  }
}
