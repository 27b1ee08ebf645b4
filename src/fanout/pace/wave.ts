import type { Frame } from '../frame.ts';
import type { Group, Matched } from '../group.ts';
import type { Subscriber } from '../subscriber.ts';
import type { PaceRule } from './rules.ts';
import { globalRank, shuffle, slotHash } from './slots.ts';

/** How many matching paced subscribers each gateway has; this one is `counts[node]`. */
export interface Crowd {
  readonly node: number;
  readonly counts: readonly number[];
}

export interface WaveOptions {
  readonly frame: Frame;
  readonly matched: Matched;
  readonly rule: PaceRule;
  /** Who is to have this change at all gateways, given how many here. */
  readonly crowdOf: (own: number) => Crowd;
  /** Now, monotonic ms. */
  readonly heldAt: number;
}

/**
 * One change on its way to its paced subscribers, each at its slot. While it waits for its turn it is only a
 * number; its subscribers are listed and shuffled when it starts, so that a queue of waves costs no memory
 * per subscriber. Progress is counted in ranks, not in time: whatever the rate does meanwhile, slots keep
 * their order and spacing.
 */
export class Wave {
  readonly frame: Frame;
  readonly groups: ReadonlySet<Group>;
  readonly rule: PaceRule;
  /** When it was taken in, monotonic ms. */
  readonly heldAt: number;
  /** Monotonic ms by which its last delivery is out, whatever the rate. */
  readonly deadline: number;
  crowd: Crowd;
  /** Ranks passed; an item is due when its global rank is. */
  progress = 0;
  #listed: Subscriber[] | null = null;
  #order: Uint32Array = new Uint32Array();
  #next = 0;

  readonly #crowdOf: (own: number) => Crowd;

  constructor(options: WaveOptions) {
    this.frame = options.frame;
    this.groups = new Set(options.matched.groups);
    this.rule = options.rule;
    this.heldAt = options.heldAt;
    this.deadline = options.heldAt + options.rule.maxWindowMs;
    this.#crowdOf = options.crowdOf;
    this.crowd = options.crowdOf(options.matched.paced);
  }

  /** Deliveries over all gateways. */
  get total(): number {
    return this.crowd.counts.reduce((sum, count) => sum + count, 0);
  }

  get remaining(): number {
    return Math.max(0, this.total - this.progress);
  }

  /** Own deliveries still held back. */
  get held(): number {
    return this.#listed === null
      ? (this.crowd.counts[this.crowd.node] ?? 0)
      : this.#listed.length - this.#next;
  }

  get started(): boolean {
    return this.#listed !== null;
  }

  /** Lists and shuffles those who are still there and went live before this change. */
  start(): void {
    const listed = new Set<Subscriber>();
    for (const group of this.groups) {
      for (const subscriber of group.paced) {
        if (subscriber.state === 'live' && subscriber.liveFrom < this.frame.sequence) listed.add(subscriber);
      }
    }
    this.#listed = [...listed];
    this.#order = shuffle(
      this.frame.sequence,
      this.#listed.map((subscriber) => subscriber.number),
    );
    this.crowd = this.#crowdOf(this.#listed.length);
  }

  /** The next subscriber whose slot has come, or null when nobody's has. */
  take(): Subscriber | null {
    if (this.#listed === null || this.#next >= this.#listed.length) return null;
    if (globalRank(this.#next, this.crowd.node, this.crowd.counts) > this.progress) return null;
    return this.#listed[this.#order[this.#next++] ?? 0] ?? null;
  }

  /** All own slots are served and the others' time has passed. */
  get over(): boolean {
    return this.#listed !== null && this.#next >= this.#listed.length && this.progress >= this.total;
  }

  /** Whether this subscriber's slot has passed. Equal hashes count as not: too low a resume position is safe. */
  passed(subscriber: Subscriber): boolean {
    if (this.#listed === null) return false;
    const next = this.#listed[this.#order[this.#next] ?? 0];
    if (this.#next >= this.#listed.length || next === undefined) return true;
    const { sequence } = this.frame;
    return slotHash(sequence, subscriber.number) < slotHash(sequence, next.number);
  }
}
