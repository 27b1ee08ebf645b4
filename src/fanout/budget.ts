import { effectiveRate } from '../pacing/rate.ts';
import { shares } from '../pacing/shares.ts';
import type { Subscriber } from './subscriber.ts';
import type { Crowd, Wave } from './wave.ts';

/** Waves waiting in one lane at most; over it the oldest are let out without regard to R. */
export const maxWaves = 1_000;
/** Releases in one step at most: a flushed queue must not hold up the event loop. */
const maxReleasesPerStep = 1_000;
/** What one long replay may owe the others, in seconds of R. */
const maxDebtSeconds = 1;

export interface BudgetPort {
  /** R for a repository by now, deliveries a second: feedback and overrides applied. */
  rateOf(wave: Wave): number;
  crowdOf(wave: Wave, own: number): Crowd;
  /** Hands the wave's change to a subscriber. False: it is gone or behind, and its slot is free. */
  deliver(wave: Wave, subscriber: Subscriber): boolean;
  finished(wave: Wave): void;
  /** The rate had to rise over R, since the backlog would not fit in the longest window. */
  raised(wave: Wave, rate: number): void;
}

/**
 * One rule's budget: R deliveries a second for its waves (priority ones first) and for replays. A dumb loop
 * over the pure functions of `pacing/`: it is told how much time passed and lets out what is due.
 */
export class Budget {
  readonly name: string;
  readonly priority: Wave[] = [];
  readonly live: Wave[] = [];
  readonly #replays: (() => void)[] = [];
  readonly #burst: number;
  /** R without a wave at hand: the rule's. */
  readonly #rate: () => number;
  readonly #port: BudgetPort;
  /** What replays may spend at once; below zero while a long replay is being paid off. */
  #tokens: number;
  #refilledAt: number;

  constructor(name: string, burst: number, rate: () => number, port: BudgetPort, now: number) {
    this.name = name;
    this.#burst = burst;
    this.#rate = rate;
    this.#port = port;
    this.#tokens = burst;
    this.#refilledAt = now;
  }

  get busy(): boolean {
    return this.priority.length + this.live.length + this.#replays.length > 0;
  }

  /** Replays waiting for their turn. */
  get waiting(): number {
    return this.#replays.length;
  }

  enqueue(wave: Wave, now: number): void {
    this.#refill(now);
    const lane = wave.rule.priority ? this.priority : this.live;
    lane.push(wave);
    // The wave spends all of R from now on; a burst on top of it would be seen by the registry.
    this.#tokens = Math.min(this.#tokens, 0);
  }

  /** Notes deliveries that nobody held back: what comes later pays for them, up to a bound. */
  charge(deliveries: number): void {
    this.#tokens = Math.max(this.#tokens - deliveries, -this.#rate() * maxDebtSeconds);
  }

  /** One delivery of a replay. Null: go now; otherwise resolves at the turn. Either way it is paid for. */
  admit(now: number): Promise<void> | null {
    this.#refill(now);
    if (this.#replays.length === 0 && this.#tokens >= 1) {
      this.#tokens--;
      return null;
    }
    return new Promise((resolve) => this.#replays.push(resolve));
  }

  /** Lets out what became due in `elapsedMs`. */
  step(elapsedMs: number, now: number): void {
    const part = shares({
      priority: this.priority.length > 0,
      live: this.live.length > 0,
      replay: this.#replays.length > 0,
    });
    const elapsed = { priority: elapsedMs * part.priority, live: elapsedMs * part.live };
    this.#advance(this.priority, elapsed.priority, now);
    this.#advance(this.live, elapsed.live, now);
    if (part.replay > 0) this.#tokens += (this.#rate() * elapsedMs * part.replay) / 1000;
    this.#refilledAt = now;
    this.#serveReplays();
  }

  /** Wakes whoever waits, for a shutdown. */
  release(): void {
    for (const resolve of this.#replays.splice(0)) resolve();
  }

  #refill(now: number): void {
    if (!this.busy) {
      const regained = (this.#rate() * (now - this.#refilledAt)) / 1000;
      this.#tokens = Math.min(this.#burst, this.#tokens + regained);
    }
    this.#refilledAt = now;
  }

  #serveReplays(): void {
    while (this.#tokens >= 1) {
      const resolve = this.#replays.shift();
      if (resolve === undefined) return;
      // The token goes here and not with the delivery, which comes only after the awaiting code has run.
      this.#tokens--;
      resolve();
    }
  }

  #advance(lane: Wave[], elapsedMs: number, now: number): void {
    let leftMs = elapsedMs;
    let releases = maxReleasesPerStep;
    for (let wave = lane[0]; wave !== undefined && leftMs > 0; wave = lane[0]) {
      if (!wave.started) this.#start(wave);
      const perMs = this.#laneRate(lane, wave, now) / 1000;
      const usedMs = Math.min(leftMs, wave.remaining / perMs);
      wave.progress += usedMs * perMs;
      if (leftMs >= usedMs && wave.remaining < 1e-6) wave.progress = wave.total;
      leftMs -= usedMs;
      for (let next = wave.take(); next !== null; next = wave.take()) {
        // A slot whose subscriber is gone is a delivery saved: whoever reconnected may have it.
        if (!this.#port.deliver(wave, next)) this.#tokens = Math.min(this.#tokens + 1, this.#burst);
        if (--releases <= 0) return;
      }
      if (!wave.over) return;
      lane.shift();
      this.#port.finished(wave);
    }
  }

  #start(wave: Wave): void {
    wave.start((own) => this.#port.crowdOf(wave, own));
  }

  /** R, or what it takes to have every wave of the lane out by its deadline. */
  #laneRate(lane: readonly Wave[], head: Wave, now: number): number {
    const allowed = this.#port.rateOf(head);
    let rate = allowed;
    let backlog = 0;
    for (const [index, wave] of lane.entries()) {
      backlog += wave.remaining;
      const overfull = index === 0 && lane.length > maxWaves;
      const windowMs = overfull ? 1 : Math.max(1, wave.deadline - now);
      rate = Math.max(
        rate,
        effectiveRate({ deliveriesPerSecond: allowed, backlog, maxWindowMs: windowMs }).rate,
      );
    }
    if (rate > allowed) this.#port.raised(head, rate);
    return rate;
  }
}
