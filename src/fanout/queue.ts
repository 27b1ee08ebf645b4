import type { Change } from '../event/change.ts';
import type { Bounds } from '../ledger/ledger.ts';
import { Frame } from './frame.ts';

/** Changes from the ledger's tail that wait for fan-out, and how far fan-out has come. Bounded; without a hole. */
export class ChangeQueue {
  readonly #maxQueued: number;
  #epoch: string;
  #head: number;
  #settled: number;
  /** Frames from `#next` on; those before are done. Shifting would move thousands for each. */
  #frames: Frame[] = [];
  #next = 0;
  #drops = 0;

  /** @param maxQueued changes that may wait; over it all of them are skipped */
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

  /** How often the queue was emptied unread: a frame that was taken before is void too. */
  get drops(): number {
    return this.#drops;
  }

  /**
   * Adds changes. Those that were here before are ignored.
   *
   * @returns false: there was a hole, or too many waited. They are skipped: live subscribers must read them from
   * the ledger
   */
  push(changes: readonly Change[]): boolean {
    let whole = true;
    for (const change of changes) {
      const last = this.#frames.at(-1)?.sequence ?? this.#head;
      if (change.sequence <= last) continue;
      this.#frames.push(new Frame(change));
      if (change.sequence === last + 1 && this.#frames.length - this.#next <= this.#maxQueued) continue;
      whole = false;
      this.#head = change.sequence;
      this.drop();
    }
    return whole;
  }

  /** The next change, for a caller that is done with the one before; undefined when none waits. */
  take(): Frame | undefined {
    const frame = this.#frames[this.#next++];
    if (frame === undefined) {
      this.#empty();
      // Also what was skipped.
      this.#settled = this.#head;
      // A queue that is never quite empty must not keep all that ever was in it.
    } else if (this.#next > this.#maxQueued) {
      this.#frames = this.#frames.slice(this.#next);
      this.#next = 0;
    }
    return frame;
  }

  /** The fan-out of this change begins: from now on a subscription "from now" begins after it. */
  begin({ change }: Frame): void {
    if (change.epoch === this.#epoch) this.#head = Math.max(this.#head, change.sequence);
  }

  /** The fan-out of this change is complete. */
  settle({ change }: Frame): void {
    if (change.epoch === this.#epoch) this.#settled = Math.max(this.#settled, change.sequence);
  }

  /** Continuity was lost: what waits is void, and fan-out goes on in this ledger. */
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
