import type { Frame } from '../frame.ts';
import type { Matched } from '../group-index.ts';
import type { Group, Subscriber } from '../subscriber.ts';
import type { PaceRule } from './rules.ts';
import { type GatewayCounts, globalRank, shuffle, slotHash } from './slots.ts';

interface HeldChangeOptions {
  readonly frame: Frame;
  readonly matched: Matched;
  readonly rule: PaceRule;
  /** Subscribers that get this change at each gateway, given the count here. */
  readonly countsOf: (own: number) => GatewayCounts;
  /** Now, monotonic ms. */
  readonly heldAt: number;
}

/**
 * One change on its way to its paced subscribers, each at its slot. While it waits it is only a number; its
 * subscribers are listed and shuffled when it starts, so queued changes cost no memory per subscriber. Progress is
 * counted in ranks, not in time, so slots keep their order and spacing when the rate changes.
 */
export class HeldChange {
  readonly frame: Frame;
  readonly rule: PaceRule;
  /** When it was taken in, monotonic ms. */
  readonly heldAt: number;
  /** Monotonic ms by which its last delivery is out, whatever the rate. */
  readonly deadline: number;
  /** Deliveries over all gateways. */
  total: number;
  /** Whether anyone has it. */
  isGiven = false;
  /** Ranks passed; a slot is due when its global rank has passed. */
  progress = 0;
  readonly #groups: readonly Group[];
  readonly #countsOf: (own: number) => GatewayCounts;
  #counts: GatewayCounts;
  /** The subscribers that get it, by number; null: not started. */
  #listed: readonly Subscriber[] | null = null;
  /** Indices into `#listed`, by slot. Slots due together are sorted by index, which is memory order. */
  #order: Uint32Array = new Uint32Array();
  #taken = 0;
  #due = 0;
  /** The lowest hash of the slots that fell due last, and the number of the subscriber taken last. */
  #dueFromHash = 0;
  #lastTaken = 0;

  constructor({ frame, matched, rule, countsOf, heldAt }: HeldChangeOptions) {
    this.frame = frame;
    this.rule = rule;
    this.heldAt = heldAt;
    this.deadline = heldAt + rule.maxWindowMs;
    this.#groups = matched.groups;
    this.#countsOf = countsOf;
    this.#counts = countsOf(matched.paced);
    this.total = totalOf(this.#counts);
  }

  get remaining(): number {
    return Math.max(0, this.total - this.progress);
  }

  /** This gateway's deliveries still held back. */
  get held(): number {
    if (this.#listed !== null) return this.#listed.length - this.#taken;
    return this.#counts.counts[this.#counts.node] ?? 0;
  }

  get started(): boolean {
    return this.#listed !== null;
  }

  /** Lists and shuffles the live subscribers that went live before this change. */
  start(): void {
    const listed: Subscriber[] = [];
    for (const group of this.#groups) {
      for (const subscriber of group.paced) {
        if (subscriber.state === 'live' && subscriber.liveFrom < this.frame.sequence) listed.push(subscriber);
      }
    }
    // Numbers rise with each connection, so this is roughly memory order.
    listed.sort((a, b) => a.number - b.number);
    // A member of two groups is listed twice.
    this.#listed =
      this.#groups.length === 1 ? listed : listed.filter((each, index) => each !== listed[index - 1]);
    this.#order = shuffle(
      this.frame.sequence,
      this.#listed.map((subscriber) => subscriber.number),
    );
    this.#counts = this.#countsOf(this.#listed.length);
    this.total = totalOf(this.#counts);
  }

  /** The next subscriber whose slot has come; null: none. Slots due together are served in memory order. */
  take(): Subscriber | null {
    if (this.#taken === this.#due) this.#findDue();
    if (this.#taken === this.#due) return null;
    const subscriber = this.#at(this.#taken++);
    this.#lastTaken = subscriber?.number ?? 0;
    return subscriber;
  }

  /** Drops all slots: the subscribers get the change another way. */
  drop(): void {
    this.#listed = [];
    this.#order = new Uint32Array();
    this.#taken = 0;
    this.#due = 0;
  }

  /** All own slots are served and the others' time has passed. */
  get over(): boolean {
    return this.held === 0 && this.started && this.progress >= this.total;
  }

  /** Whether this subscriber's slot has passed. Equal hashes count as not: too low a resume position is safe. */
  passed(subscriber: Subscriber): boolean {
    if (this.#listed === null) return false;
    const { sequence } = this.frame;
    const hash = slotHash(sequence, subscriber.number);
    const next = this.#at(this.#due);
    if (next !== null && hash >= slotHash(sequence, next.number)) return false;
    if (this.#taken === this.#due || hash < this.#dueFromHash) return true;
    return subscriber.number <= this.#lastTaken;
  }

  #findDue(): void {
    const from = this.#due;
    const { node, counts } = this.#counts;
    const end = this.#order.length;
    while (this.#due < end && globalRank(this.#due, node, counts) <= this.progress) this.#due++;
    const first = this.#at(from);
    if (this.#due - from < 2 || first === null) return;
    this.#dueFromHash = slotHash(this.frame.sequence, first.number);
    this.#lastTaken = -1;
    this.#order.subarray(from, this.#due).sort();
  }

  /** The subscriber at a place in the order; null beyond its end. */
  #at(place: number): Subscriber | null {
    return this.#listed?.[this.#order[place] ?? this.#listed.length] ?? null;
  }
}

function totalOf({ counts }: GatewayCounts): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
