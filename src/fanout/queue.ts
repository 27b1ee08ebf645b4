import type { Change } from '../event/change.ts';
import type { Bounds } from '../ledger/ledger.ts';
import { Frame } from './frame.ts';

/** Changes from the ledger's tail that wait for fan-out, and how far fan-out has come. Bounded, and without holes. */
export class ChangeQueue {
  readonly #maxQueued: number;
  #epoch: string;
  #head: number;
  #settled: number;
  /** Frames from `#next` on wait; those before are done. Shifting would move thousands each time. */
  #frames: Frame[] = [];
  #next = 0;
  #drops = 0;

  /** @param maxQueued changes that may wait; above it all are skipped */
  constructor({ epoch, head }: Bounds, maxQueued: number) {
    this.#maxQueued = maxQueued;
    this.#epoch = epoch;
    this.#head = head;
    this.#settled = head;
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** The newest change whose fan-out began. */
  get head(): number {
    return this.#head;
  }

  /** The newest change whose fan-out is complete: live subscribers have it, or the pace holds it for them. */
  get settled(): number {
    return this.#settled;
  }

  /** How often the queue was emptied unread. A frame taken before a drop is void. */
  get drops(): number {
    return this.#drops;
  }

  /**
   * Adds new changes. False: a hole, or too many waited: all are skipped, live subscribers must read the ledger.
   *
   * @param now monotonic ms
   */
  push(changes: readonly Change[], now: number): boolean {
    let whole = true;
    for (const change of changes) {
      const last = this.#frames.at(-1)?.sequence ?? this.#head;
      if (change.sequence <= last) continue;
      this.#frames.push(new Frame(change, now));
      if (change.sequence === last + 1 && this.#frames.length - this.#next <= this.#maxQueued) continue;
      whole = false;
      this.#head = change.sequence;
      this.drop();
    }
    return whole;
  }

  /** The next change; undefined: none waits. The caller is done with the one before. */
  take(): Frame | undefined {
    const frame = this.#frames[this.#next++];
    if (frame === undefined) {
      this.#empty();
      // Skipped changes are settled too.
      this.#settled = this.#head;
      // A queue that is never empty must not keep all its past frames.
    } else if (this.#next > this.#maxQueued) {
      this.#frames = this.#frames.slice(this.#next);
      this.#next = 0;
    }
    return frame;
  }

  /** The fan-out of this change begins. Later subscriptions "from now" begin after it. */
  begin({ change }: Frame): void {
    if (change.epoch === this.#epoch) this.#head = Math.max(this.#head, change.sequence);
  }

  settle({ change }: Frame): void {
    if (change.epoch === this.#epoch) this.#settled = Math.max(this.#settled, change.sequence);
  }

  /** Continuity was lost: what waits is void, and fan-out continues in this ledger. */
  restart({ epoch, head }: Bounds): void {
    this.drop();
    this.#epoch = epoch;
    this.#head = head;
    this.#settled = head;
  }

  drop(): void {
    this.#drops++;
    this.#empty();
  }

  #empty(): void {
    this.#frames = [];
    this.#next = 0;
  }
}
