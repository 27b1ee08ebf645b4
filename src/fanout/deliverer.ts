/**
 * Writes a change to one subscriber with its resume position, and notices a full socket. Owns the rule of resume
 * positions: a position never passes a change that was not delivered.
 */
import { formatPosition } from '../event/position.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { rememberLast } from '../lib/remember-last.ts';
import type { Frame } from './frame.ts';
import type { HubMetrics } from './hub-metrics.ts';
import type { HeldChange } from './pace/held-change.ts';
import type { Pacer } from './pace/pacer.ts';
import type { ChangeQueue } from './queue.ts';
import type { Control } from './sink.ts';
import type { Subscriber } from './subscriber.ts';

/**
 * Most changes above its resume position that a subscriber may have. At the bound it falls behind and is fed in
 * order. To forget one would deliver it twice, perhaps after a newer change of its tag.
 */
const maxAhead = 1_024;

/**
 * `given`: delivered. `unneeded`: not wanted, or delivered before. `blocked`: delivered, but the socket is now
 * full. `overfull`: not delivered, because too many changes are above the resume position. After the last two the
 * subscriber is behind and must be fed.
 */
export type Verdict = 'given' | 'unneeded' | 'blocked' | 'overfull';

interface DelivererParts {
  readonly pacer: Pacer;
  readonly queue: Pick<ChangeQueue, 'epoch' | 'settled'>;
  readonly metrics: HubMetrics;
  readonly clock: Clock;
  readonly log: Log;
}

export class Deliverer {
  readonly #parts: DelivererParts;
  /** Nearly all subscribers have the same position, so its string is made once. */
  readonly #format = rememberLast(formatPosition);

  constructor(parts: DelivererParts) {
    this.#parts = parts;
  }

  /** Delivers a change that is not held back. */
  deliver(frame: Frame, subscriber: Subscriber): Verdict {
    const { sequence } = frame;
    if (subscriber.state !== 'live' || subscriber.considered >= sequence || subscriber.liveFrom >= sequence)
      return 'unneeded';
    // It may have joined the group during this fan-out, with a subscription that begins after this change.
    if (sequence <= subscriber.newestFrom && !subscriber.wants(frame.change, frame.key)) return 'unneeded';
    const resume = this.#resumeWith(subscriber, sequence);
    if (resume < sequence && !this.#remember(subscriber, sequence)) return 'overfull';
    subscriber.considered = sequence;
    return this.write(subscriber, frame, resume);
  }

  /** Delivers a held-back change whose slot has come, or with conflation the newest held-back one of its tag. */
  deliverHeld(held: HeldChange, subscriber: Subscriber): Verdict {
    const { sequence, change, key } = held.frame;
    if (subscriber.state !== 'live' || subscriber.liveFrom >= sequence) return 'unneeded';
    if (subscriber.ahead?.has(sequence) || !subscriber.wants(change, key)) return 'unneeded';
    const newest = subscriber.conflate ? this.#conflate(held, subscriber) : held.frame;
    if (newest === null) return 'overfull';
    const resume = this.#resumeWith(subscriber, newest.sequence);
    if (newest === held.frame && resume < sequence && !this.#remember(subscriber, sequence))
      return 'overfull';
    return this.write(subscriber, newest, resume);
  }

  /** The newest held-back change of the same tag. Null: the subscriber fell behind. */
  #conflate(held: HeldChange, subscriber: Subscriber): Frame | null {
    const later = this.#parts.pacer
      .laterOfSameSubject(held)
      .filter(({ frame }) => frame.sequence > subscriber.liveFrom)
      .filter(({ frame }) => subscriber.wantsInstead(held.frame.change, frame.change, frame.key))
      .map(({ frame }) => frame);
    const newest = later.at(-1);
    if (newest === undefined) return held.frame;
    // Their own slots and the feeder must skip all of them.
    const done = later.map((frame) => frame.sequence);
    if (!this.#remember(subscriber, held.frame.sequence, ...done)) return null;
    this.#parts.metrics.superseded.inc({}, later.length);
    return newest;
  }

  /** Writes a change without asking whether it is wanted. A live subscriber whose socket is full falls behind. */
  write(subscriber: Subscriber, frame: Frame, resume: number): Verdict {
    const { encoding } = subscriber.sink;
    const bytes = frame.bytes(encoding, resume);
    const taken = bytes === null || subscriber.sink.write(bytes);
    if (resume > subscriber.cursor) subscriber.cursor = resume;
    if (bytes === null) this.#passOver(frame);
    else this.#parts.metrics.delivered(encoding, bytes.length);
    if (!taken) this.#block(subscriber);
    return taken ? 'given' : 'blocked';
  }

  /** Counts and logs a change that cannot be encoded, once. No retry would help, so positions pass it. */
  #passOver(frame: Frame): void {
    const error = frame.takeFailure();
    if (error === null) return;
    this.#parts.metrics.unwritable.inc();
    const position = formatPosition(frame.change.epoch, frame.sequence);
    this.#parts.log.error({ error, position }, 'write change: failed: it is passed over');
  }

  /** Sends a control message. A live subscriber whose socket is full falls behind. */
  tell(subscriber: Subscriber, control: Control): void {
    if (!subscriber.sink.tell(control)) this.#block(subscriber);
  }

  /** The subscriber has caught up: from now on it gets changes as they come. */
  goLive(subscriber: Subscriber): void {
    subscriber.state = 'live';
    subscriber.liveFrom = subscriber.cursor;
    subscriber.considered = subscriber.cursor;
    subscriber.ahead = null;
    this.tellReady(subscriber);
  }

  tellReady(subscriber: Subscriber): void {
    const ids = subscriber.unready;
    if (ids === null) return;
    subscriber.unready = null;
    for (const id of ids)
      this.tell(subscriber, { kind: 'ready', id, position: this.resumePosition(subscriber) });
  }

  /** From now on the subscriber is fed from the ledger, after its resume position. */
  fallBehind(subscriber: Subscriber): void {
    subscriber.cursor = this.resumeSequence(subscriber);
    subscriber.state = 'behind';
  }

  /** Everything at or before this position has been delivered. */
  resumePosition(subscriber: Subscriber): string {
    const { epoch } = this.#parts.queue;
    const sequence = this.resumeSequence(subscriber);
    return this.#format(epoch, sequence);
  }

  /** As `resumePosition`, its sequence. */
  resumeSequence(subscriber: Subscriber): number {
    if (subscriber.state !== 'live') return Math.min(subscriber.cursor, subscriber.lowestJoining());
    const { pacer, queue } = this.#parts;
    const base = Math.max(queue.settled, subscriber.cursor);
    if (pacer.idle) subscriber.ahead = null;
    if (pacer.idle || !subscriber.paced) return base;
    const heldBack = pacer.heldFor(subscriber, base + 1);
    return heldBack === null ? base : heldBack - 1;
  }

  /** The resume position after `sequence` is delivered. */
  #resumeWith(subscriber: Subscriber, sequence: number): number {
    const { pacer } = this.#parts;
    if (pacer.idle) subscriber.ahead = null;
    if (pacer.idle || !subscriber.paced) return sequence;
    const heldBack = pacer.heldFor(subscriber, sequence);
    if (heldBack !== null) return heldBack - 1;
    this.#forget(subscriber, sequence);
    return sequence;
  }

  /** Notes changes above the resume position. False: too many, so the subscriber falls behind, before `first`. */
  #remember(subscriber: Subscriber, first: number, ...others: readonly number[]): boolean {
    if ((subscriber.ahead?.size ?? 0) + others.length >= maxAhead) {
      this.fallBehind(subscriber);
      // Its slot has passed, so only the cursor records that it lacks the change.
      subscriber.cursor = Math.min(subscriber.cursor, first - 1);
      return false;
    }
    subscriber.ahead ??= new Set();
    subscriber.ahead.add(first);
    for (const sequence of others) subscriber.ahead.add(sequence);
    return true;
  }

  /** Drops what the resume position covers, except changes whose slot is still to come. */
  #forget(subscriber: Subscriber, upTo: number): void {
    if (subscriber.ahead === null) return;
    for (const sequence of subscriber.ahead) {
      if (sequence <= upTo && !this.#parts.pacer.awaitsSlot(subscriber, sequence))
        subscriber.ahead.delete(sequence);
    }
    if (subscriber.ahead.size === 0) subscriber.ahead = null;
  }

  #block(subscriber: Subscriber): void {
    // Keep the time of the first refusal: a later one must not restart the stall.
    if (subscriber.blockedAt === 0) subscriber.blockedAt = Math.max(1, this.#parts.clock.monotonic());
    if (subscriber.state === 'live') this.fallBehind(subscriber);
  }
}
