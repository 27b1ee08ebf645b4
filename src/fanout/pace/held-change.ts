import type { Frame } from '../frame.ts';
import type { Matched } from '../group-index.ts';
import type { Group, Subscriber } from '../subscriber.ts';
import type { PaceRule } from './rules.ts';
import { type GatewayCounts, globalRank, shuffle, slotHash } from './slots.ts';

export interface HeldChangeOptions {
  readonly frame: Frame;
  readonly matched: Matched;
  readonly rule: PaceRule;
  /** How many subscribers get this change at each gateway, given how many here. */
  readonly countsOf: (own: number) => GatewayCounts;
  /** Now, monotonic ms. */
  readonly heldAt: number;
}

/**
 * One change on its way to its paced subscribers, each at its slot. While it waits for its turn it is only a
 * number; its subscribers are listed and shuffled when it starts, so that a queue of changes costs no memory
 * per subscriber. Progress is counted in ranks, not in time: whatever the rate does meanwhile, slots keep
 * their order and spacing.
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
  /** Ranks passed; a slot is due when its global rank is. */
  progress = 0;
  readonly #groups: readonly Group[];
  readonly #countsOf: (own: number) => GatewayCounts;
  #counts: GatewayCounts;
  /** The subscribers that get it, by number; null: not started. */
  #listed: readonly Subscriber[] | null = null;
  /** Indices into `#listed`, by slot. Slots that are due together are sorted by index, which is memory order. */
  #order: Uint32Array = new Uint32Array();
  /** Slots taken, and slots due. */
  #taken = 0;
  #due = 0;
  /** Where in the shuffle the slots begin that fell due last, and the number of the subscriber taken last. */
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

  /** Own deliveries still held back. */
  get held(): number {
    if (this.#listed !== null) return this.#listed.length - this.#taken;
    return this.#counts.counts[this.#counts.node] ?? 0;
  }

  get started(): boolean {
    return this.#listed !== null;
  }

  /** Lists and shuffles the subscribers that are live, and were before this change. */
  start(): void {
    const listed: Subscriber[] = [];
    for (const group of this.#groups) {
      for (const subscriber of group.paced) {
        if (subscriber.state === 'live' && subscriber.liveFrom < this.frame.sequence) listed.push(subscriber);
      }
    }
    // Numbers rise with each connection, so this is about the order of their memory. Nearly sorted already.
    listed.sort((a, b) => a.number - b.number);
    // A member of two groups was listed twice.
    this.#listed =
      this.#groups.length === 1 ? listed : listed.filter((each, index) => each !== listed[index - 1]);
    this.#order = shuffle(
      this.frame.sequence,
      this.#listed.map((subscriber) => subscriber.number),
    );
    this.#counts = this.#countsOf(this.#listed.length);
    this.total = totalOf(this.#counts);
  }

  /**
   * The next subscriber whose slot has come, or null when no slot has. Slots that came together are served in memory
   * order: random order over thousands of sockets misses the processor's caches.
   */
  take(): Subscriber | null {
    if (this.#taken === this.#due) this.#findDue();
    if (this.#taken === this.#due) return null;
    const subscriber = this.#at(this.#taken++);
    this.#lastTaken = subscriber?.number ?? 0;
    return subscriber;
  }

  /** Its subscribers get it another way: no slot comes any more. */
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

  /** The subscriber of a place in the order; null beyond its end. */
  #at(place: number): Subscriber | null {
    return this.#listed?.[this.#order[place] ?? this.#listed.length] ?? null;
  }
}

function totalOf({ counts }: GatewayCounts): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
