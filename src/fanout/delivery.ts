/**
 * The last step: gives a change to one subscriber, with the resume position that is true for it, and notices
 * when its socket takes no more. Owns the rule of resume positions: one never passes a change that was not
 * delivered.
 */
import { formatPosition } from '../event/position.ts';
import type { Clock } from '../lib/clock.ts';
import type { FanOut } from './fan-out.ts';
import type { Frame } from './frame.ts';
import type { HubMetrics } from './hub-metrics.ts';
import type { Pacer } from './pace/pacer.ts';
import type { Wave } from './pace/wave.ts';
import type { Control } from './sink.ts';
import type { Subscriber } from './subscriber.ts';

/**
 * Changes above its resume position that a subscriber may have. At the bound it falls behind and is fed in
 * order: forgetting one would deliver it twice, maybe after a newer one of its tag.
 */
const maxAhead = 1_024;

export interface DeliveryPort {
  readonly pacer: Pacer;
  readonly fanOut: Pick<FanOut, 'epoch' | 'settled'>;
  readonly metrics: HubMetrics;
  readonly clock: Clock;
  /** A change cannot be written; told once. */
  unwritable(frame: Frame, failure: string): void;
  /** The subscriber fell behind. */
  feed(subscriber: Subscriber): void;
}

export class Delivery {
  readonly #port: DeliveryPort;
  /** At any moment nearly all subscribers stand at the same position: its text is made once. */
  #latest = { epoch: '', sequence: -1, text: '' };

  constructor(port: DeliveryPort) {
    this.#port = port;
  }

  /** A change that is not held back. */
  live(frame: Frame, subscriber: Subscriber): void {
    const { sequence } = frame;
    if (subscriber.state !== 'live' || subscriber.considered >= sequence || subscriber.liveFrom >= sequence)
      return;
    // In the middle of a fan-out one may have joined the group whose subscription begins only after it.
    if (sequence <= subscriber.newestFrom && !subscriber.wants(frame.change, frame.key)) return;
    const resume = this.#resumeWith(subscriber, sequence);
    if (resume < sequence && !this.#remember(subscriber, sequence)) return;
    subscriber.considered = sequence;
    this.write(subscriber, frame, resume);
  }

  /** A held-back change whose slot has come. False: it was not needed. */
  paced(wave: Wave, subscriber: Subscriber): boolean {
    const { sequence, change, key } = wave.frame;
    if (subscriber.state !== 'live' || subscriber.liveFrom >= sequence) return false;
    if (subscriber.ahead?.has(sequence) || !subscriber.wants(change, key)) return false;
    const newest = subscriber.conflate ? this.#conflate(wave, subscriber) : wave.frame;
    if (newest === null) return false;
    const resume = this.#resumeWith(subscriber, newest.sequence);
    if (newest === wave.frame && resume < sequence && !this.#remember(subscriber, sequence)) return false;
    this.write(subscriber, newest, resume);
    return true;
  }

  /** What takes this slot instead: the newest held-back change of the same tag. Null: it had to fall behind. */
  #conflate(wave: Wave, subscriber: Subscriber): Frame | null {
    const later = this.#port.pacer
      .laterOfSameSubject(wave)
      .filter(({ frame }) => frame.sequence > subscriber.liveFrom)
      .filter(({ frame }) => subscriber.wants(frame.change, frame.key))
      .map(({ frame }) => frame);
    const newest = later.at(-1);
    if (newest === undefined) return wave.frame;
    // All of them are done with, whatever their own slots and the feeder say later.
    const done = later.map((frame) => frame.sequence);
    if (!this.#remember(subscriber, wave.frame.sequence, ...done)) return null;
    for (const _ of later) this.#port.metrics.superseded();
    return newest;
  }

  write(subscriber: Subscriber, frame: Frame, resume: number): void {
    const bytes = frame.bytes(subscriber.sink.encoding, resume);
    if (bytes === null) return this.#passOver(subscriber, frame, resume);
    const taken = subscriber.sink.write(bytes);
    if (resume > subscriber.cursor) subscriber.cursor = resume;
    this.#port.metrics.delivered(subscriber.sink.encoding, bytes.length);
    if (!taken) this.#block(subscriber);
  }

  /**
   * A change that cannot be written is delivered to nobody, now or after any number of retries. A subscriber that
   * stopped before it would never hear of anything again, so its position goes on.
   */
  #passOver(subscriber: Subscriber, frame: Frame, resume: number): void {
    if (resume > subscriber.cursor) subscriber.cursor = resume;
    const failure = frame.takeFailure();
    if (failure !== null) this.#port.unwritable(frame, failure);
  }

  tell(subscriber: Subscriber, control: Control): void {
    if (!subscriber.sink.tell(control)) this.#block(subscriber);
  }

  /** It has caught up: from now on it gets changes as they come. */
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

  fallBehind(subscriber: Subscriber): void {
    subscriber.cursor = this.#resumeSequence(subscriber);
    subscriber.state = 'behind';
  }

  resumePosition(subscriber: Subscriber): string {
    const { epoch } = this.#port.fanOut;
    const sequence = this.#resumeSequence(subscriber);
    if (this.#latest.sequence !== sequence || this.#latest.epoch !== epoch)
      this.#latest = { epoch, sequence, text: formatPosition(epoch, sequence) };
    return this.#latest.text;
  }

  /** Everything at or before it has been delivered. */
  #resumeSequence(subscriber: Subscriber): number {
    if (subscriber.state !== 'live') return Math.min(subscriber.cursor, subscriber.lowestJoining());
    const { pacer, fanOut } = this.#port;
    const base = Math.max(fanOut.settled, subscriber.cursor);
    if (pacer.idle) subscriber.ahead = null;
    if (pacer.idle || !subscriber.paced) return base;
    const heldBack = pacer.heldFor(subscriber, base + 1);
    return heldBack === null ? base : heldBack - 1;
  }

  /** The resume position once `sequence` is delivered too. */
  #resumeWith(subscriber: Subscriber, sequence: number): number {
    const { pacer } = this.#port;
    if (pacer.idle) subscriber.ahead = null;
    if (pacer.idle || !subscriber.paced) return sequence;
    const heldBack = pacer.heldFor(subscriber, sequence);
    if (heldBack !== null) return heldBack - 1;
    this.#forget(subscriber, sequence);
    return sequence;
  }

  /** Notes what it has above its resume position. False: too much, so it falls behind, before the first. */
  #remember(subscriber: Subscriber, first: number, ...others: readonly number[]): boolean {
    if ((subscriber.ahead?.size ?? 0) + others.length >= maxAhead) {
      this.fallBehind(subscriber);
      // Its slot has passed, so nothing but this says that it has not had the change.
      subscriber.cursor = Math.min(subscriber.cursor, first - 1);
      this.#port.feed(subscriber);
      return false;
    }
    subscriber.ahead ??= new Set();
    subscriber.ahead.add(first);
    for (const sequence of others) subscriber.ahead.add(sequence);
    return true;
  }

  /** Drops what the resume position covers, but for what still has a slot that must be let pass. */
  #forget(subscriber: Subscriber, upTo: number): void {
    if (subscriber.ahead === null) return;
    for (const sequence of subscriber.ahead) {
      if (sequence <= upTo && !this.#port.pacer.isDue(subscriber, sequence))
        subscriber.ahead.delete(sequence);
    }
    if (subscriber.ahead.size === 0) subscriber.ahead = null;
  }

  /** Its socket is full: from now on it is fed, when it drains. */
  #block(subscriber: Subscriber): void {
    // Since the first refusal: one that is only written to more must not seem to have drained.
    if (subscriber.blockedAt === 0) subscriber.blockedAt = Math.max(1, this.#port.clock.monotonic());
    if (subscriber.state !== 'live') return;
    this.fallBehind(subscriber);
    this.#port.feed(subscriber);
  }
}
