import type { Subscriber } from '../subscriber.ts';
import { effectiveRate } from './rate.ts';
import type { PaceRule } from './rules.ts';
import { leftToOthers, shares } from './shares.ts';
import type { Crowd, Wave } from './wave.ts';

/** Waves waiting in one lane at most; over it the oldest is let out without regard to R. */
export const maxWaves = 1_000;
/** Releases of one lane in one step at most: a flushed queue must not hold up the event loop. */
const maxReleasesPerStep = 1_000;
/** What those who were not held back may owe the others, in seconds of R. */
const maxDebtSeconds = 1;

export interface BudgetPort {
  /** R for a repository by now, deliveries a second: feedback and overrides applied. */
  rateOf(repositoryKey: string, rule: PaceRule): number;
  /** Hands the wave's change to a subscriber. False: it is gone or behind, and its slot is free. */
  deliver(wave: Wave, subscriber: Subscriber): boolean;
  finished(wave: Wave): void;
  /** The rate had to rise over R, since what is held back would not be out within the longest window. */
  raised(repositoryKey: string, rate: number, allowed: number): void;
}

interface Replay {
  readonly repositoryKey: string;
  /** Monotonic ms by which it goes on, whatever the rate. */
  readonly deadline: number;
  resolve(): void;
}

/**
 * One rule's budget: R deliveries a second for its waves (priority ones first) and for replays. A dumb loop
 * over the pure functions of `pacing/`: it is told how much time passed and lets out what is due.
 */
export class Budget {
  readonly rule: PaceRule;
  readonly priority: Wave[] = [];
  readonly live: Wave[] = [];
  /** In order of arrival; a map, so that one who hangs up leaves at once and a reconnect loop can't fill it. */
  readonly #replays = new Map<Subscriber, Replay>();
  readonly #port: BudgetPort;
  /** What replays may spend at once; below zero while a long replay is being paid off. */
  #tokens: number;
  /** Replays that have to go on whatever the tokens say, lest they miss their deadline. */
  #urgent = 0;
  /** Deliveries of small changes that went out at once and that the waves pay for. */
  #owed = 0;
  /** The part of R that this gateway's replays may spend: all compute R, each spends its share. */
  #share = 1;
  #refilledAt: number;

  constructor(rule: PaceRule, port: BudgetPort, now: number) {
    this.rule = rule;
    this.#port = port;
    this.#tokens = rule.burst;
    this.#refilledAt = now;
  }

  get busy(): boolean {
    return this.priority.length + this.live.length + this.#replays.size > 0;
  }

  /** Replays waiting for their turn. */
  get waiting(): number {
    return this.#replays.size;
  }

  /** Whether this subscriber's catch-up waits for its turn. */
  keepsWaiting(subscriber: Subscriber): boolean {
    return this.#replays.has(subscriber);
  }

  /**
   * Learns how many gateways share R. Catch-ups get an even part each, not one by live subscribers: whoever comes
   * back after a restart is no subscriber yet, so by them a gateway that has just started would get next to nothing.
   */
  observe({ counts }: Crowd): void {
    this.#share = 1 / Math.max(1, counts.length);
  }

  enqueue(wave: Wave, now: number): void {
    this.#refill(now);
    const lane = wave.rule.priority ? this.priority : this.live;
    lane.push(wave);
    // The wave spends all of R from now on; a burst on top of it would be seen by the registry.
    this.#tokens = Math.min(this.#tokens, 0);
  }

  /** Notes a small change that goes out at once, to `deliveries` subscribers of all gateways. */
  overtake(deliveries: number, now: number): void {
    this.#refill(now);
    const own = deliveries * this.#share;
    const unspent = Math.max(0, Math.min(own, this.#tokens));
    this.#tokens -= unspent;
    const rate = this.#rate();
    this.#owed = Math.min(this.#owed + (own - unspent) / this.#share, rate * maxDebtSeconds);
  }

  /** Notes deliveries of a catch-up that is under way: later ones pay for them, up to a bound. */
  charge(deliveries: number, now: number): void {
    this.#refill(now);
    const lowest = -this.#replayRate() * maxDebtSeconds;
    this.#tokens = Math.min(this.rule.burst, Math.max(this.#tokens - deliveries, lowest));
  }

  /** One delivery of a replay. Null: go now; otherwise resolves at the turn. Either way it is paid for. */
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

  /** Its connection is gone: it waits for no turn any more. */
  leave(subscriber: Subscriber): void {
    const replay = this.#replays.get(subscriber);
    this.#replays.delete(subscriber);
    replay?.resolve();
  }

  /** Lets out what became due in `elapsedMs`. */
  step(elapsedMs: number, now: number): void {
    if (!this.busy) return this.#refill(now);
    const part = shares({
      priority: this.priority.length > 0,
      live: this.live.length > 0,
      replay: this.#replays.size > 0,
    });
    const leftMs = elapsedMs - this.#payOff(elapsedMs, leftToOthers);
    this.#advance(this.priority, part.priority, leftMs, now);
    this.#advance(this.live, part.live, leftMs, now);
    this.#refilledAt = now;
    if (part.replay > 0) this.#serveReplays(part.replay, leftMs, elapsedMs, now);
    else this.#urgent = 0;
  }

  /** Drops the waves; their subscribers get the changes another way. */
  dropWaves(): void {
    this.priority.length = 0;
    this.live.length = 0;
  }

  /** Lets whoever waits go on. */
  release(): void {
    for (const subscriber of this.#replays.keys()) this.leave(subscriber);
  }

  /** R without a wave at hand. */
  #rate(): number {
    const first = this.priority[0]?.frame.key ?? this.live[0]?.frame.key;
    const waiting: Replay | undefined = this.#replays.values().next().value;
    return this.#port.rateOf(waiting?.repositoryKey ?? first ?? '', this.rule);
  }

  #replayRate(): number {
    return this.#rate() * this.#share;
  }

  /** Time spent on what overtook; at least `kept` of the elapsed remains. */
  #payOff(elapsedMs: number, kept: number): number {
    if (this.#owed <= 0) return 0;
    const perMs = this.#rate() / 1000;
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
      if (this.#tokens < 1) this.#port.raised(repositoryKey, this.#replays.size, this.#replayRate());
      // The token goes here and not with the delivery, which comes only after the awaiting code has run.
      if (this.#tokens >= 1) this.#tokens--;
      this.#urgent = Math.max(0, this.#urgent - 1);
      this.leave(subscriber);
    }
  }

  #advance(lane: Wave[], part: number, elapsedMs: number, now: number): void {
    let leftMs = elapsedMs;
    let releases = maxReleasesPerStep;
    for (let wave = lane[0]; wave !== undefined && leftMs > 0; wave = lane[0]) {
      if (!wave.started) {
        wave.start();
        // What passed before it was there is not its time.
        leftMs = Math.min(leftMs, Math.max(now - wave.heldAt, Number.EPSILON));
      }
      const perMs = this.#laneRate(lane, wave, part, now) / 1000;
      const usedMs = Math.min(leftMs, wave.remaining / perMs);
      wave.progress += usedMs * perMs;
      if (wave.remaining < 1e-6) wave.progress = wave.total;
      leftMs -= usedMs;
      for (let next = wave.take(); next !== null; next = wave.take()) {
        // A slot whose subscriber is gone is a delivery saved: whoever reconnected may have it.
        if (!this.#port.deliver(wave, next)) this.#tokens = Math.min(this.#tokens + 1, this.rule.burst);
        // Delivering may have emptied the lane.
        if (lane[0] !== wave || --releases <= 0) return;
      }
      if (!wave.over) return;
      lane.shift();
      this.#port.finished(wave);
    }
  }

  /** The lane's part of R, or what it takes to have every wave of the lane out by its deadline. */
  #laneRate(lane: readonly Wave[], head: Wave, part: number, now: number): number {
    const allowed = this.#port.rateOf(head.frame.key, head.rule) * part;
    let rate = allowed;
    let backlog = 0;
    for (const [index, wave] of lane.entries()) {
      backlog += wave.remaining;
      const overfull = index === 0 && lane.length > maxWaves;
      const maxWindowMs = overfull ? 1 : Math.max(1, wave.deadline - now);
      rate = Math.max(rate, effectiveRate({ deliveriesPerSecond: allowed, backlog, maxWindowMs }).rate);
    }
    if (rate > allowed) this.#port.raised(head.frame.key, rate, allowed);
    return rate;
  }
}
