/**
 * Takes changes from the tail one after the other and brings each to its groups. Owns the queue of changes
 * that wait for that, and where fan-out stands. A long fan-out yields to the event loop; a queue that grows
 * too long, or has a hole, is skipped, and the subscribers read it from the ledger. It decides nothing about
 * a subscriber.
 */
import type { Change } from '../event/change.ts';
import type { Bounds } from '../ledger/ledger.ts';
import type { Clock } from '../lib/clock.ts';
import { Frame } from './frame.ts';
import type { Group, Matched } from './group.ts';
import type { History } from './history.ts';
import type { Subscriber } from './subscriber.ts';

export interface FanOutPort {
  readonly history: History;
  readonly clock: Clock;
  readonly maxQueuedChanges: number;
  /** Prepares `match` in parts. False: there is more to do, in a later turn of the event loop. */
  learn(frame: Frame): boolean;
  match(frame: Frame): Matched;
  /** True: the paced members of these groups get the change later. */
  hold(frame: Frame, matched: Matched): boolean;
  deliver(frame: Frame, subscriber: Subscriber): void;
  /** What is queued will not be brought to anybody: whoever is live falls behind, and is fed in a later turn. */
  leaveBehind(): void;
  /** A defect: this change did not come to everybody, who will be left behind. */
  failed(frame: Frame, error: unknown): void;
}

/** Writes between two looks at the clock, and how long fan-out may hold the event loop, ms. */
const writesPerLook = 128;
const maxHoldMs = 8;

export class FanOut {
  readonly #port: FanOutPort;
  #epoch: string;
  #head: number;
  #settled: number;
  /** Frames from `#next` on; those before are done. Shifting would move thousands for each. */
  #queue: Frame[] = [];
  #next = 0;
  #pumping = false;
  #closed = false;
  #heldSince = 0;
  #writes = 0;
  /** How often what was queued became void: what was taken from it before is void too. */
  #drops = 0;

  constructor(bounds: Bounds, port: FanOutPort) {
    this.#port = port;
    this.#epoch = bounds.epoch;
    this.#head = bounds.head;
    this.#settled = bounds.head;
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** The newest change whose fan-out began. */
  get head(): number {
    return this.#head;
  }

  /** The newest change whose fan-out is through: who is live has it, or has it held back. */
  get settled(): number {
    return this.#settled;
  }

  get busy(): boolean {
    return this.#pumping;
  }

  push(changes: readonly Change[]): void {
    for (const change of changes) {
      const last = this.#queue.at(-1)?.sequence ?? this.#head;
      if (change.sequence <= last) continue;
      this.#queue.push(new Frame(change));
      const hole = change.sequence > last + 1;
      if (hole || this.#queue.length - this.#next > this.#port.maxQueuedChanges) this.#skip();
    }
    if (!this.#pumping) void this.#pump();
  }

  /** Continuity was lost: what is queued is void, a fan-out under way ends. */
  restart(bounds: Bounds): void {
    this.#drop();
    this.#epoch = bounds.epoch;
    this.#head = bounds.head;
    this.#settled = bounds.head;
  }

  close(): void {
    this.#closed = true;
    this.#drop();
  }

  #skip(): void {
    this.#port.leaveBehind();
    this.#head = this.#queue.at(-1)?.sequence ?? this.#head;
    this.#drop();
    this.#port.history.clear();
  }

  #drop(): void {
    this.#drops++;
    this.#empty();
  }

  #empty(): void {
    this.#queue = [];
    this.#next = 0;
  }

  #take(): Frame | undefined {
    const frame = this.#queue[this.#next++];
    if (frame === undefined) this.#empty();
    // A queue that is never quite empty must not keep all that ever was in it.
    else if (this.#next > this.#port.maxQueuedChanges) {
      this.#queue = this.#queue.slice(this.#next);
      this.#next = 0;
    }
    return frame;
  }

  /** Never rejects: nobody awaits it, and a rejection would end the process, again at each start. */
  async #pump(): Promise<void> {
    this.#pumping = true;
    this.#heldSince = this.#port.clock.monotonic();
    try {
      for (let frame = this.#take(); frame !== undefined; frame = this.#take()) {
        try {
          // Before its fan-out begins: who joins meanwhile gets it live.
          if (!this.#port.learn(frame) && !(await this.#learnOn(frame))) continue;
          this.#head = frame.sequence;
          this.#port.history.push(frame);
          const matched = this.#port.match(frame);
          const held = this.#port.hold(frame, matched);
          if (this.#heldLong()) await this.#yield();
          if (matched.groups.length > 0) await this.#bring(frame, matched.groups, held);
        } catch (error) {
          this.#fail(frame, error);
        }
        if (this.#closed) return;
        if (frame.change.epoch === this.#epoch) this.#settled = Math.max(this.#settled, frame.sequence);
      }
      // The queue may have been skipped.
      this.#settled = this.#head;
    } finally {
      this.#pumping = false;
    }
  }

  /** Some subscribers may have it and some not: each reads on from where it stands. */
  #fail(frame: Frame, error: unknown): void {
    this.#port.failed(frame, error);
    if (frame.change.epoch === this.#epoch) this.#head = Math.max(this.#head, frame.sequence);
    this.#port.leaveBehind();
  }

  /** @returns false: the frame became void meanwhile */
  async #learnOn(frame: Frame): Promise<boolean> {
    const drops = this.#drops;
    do {
      await this.#yield();
      if (this.#drops !== drops) return false;
    } while (!this.#port.learn(frame));
    return true;
  }

  async #bring(frame: Frame, groups: readonly Group[], held: boolean): Promise<void> {
    for (const group of groups) {
      for (const members of held ? [group.unpaced] : [group.unpaced, group.paced]) {
        for (const subscriber of members) {
          if (this.#closed || frame.change.epoch !== this.#epoch) return;
          this.#port.deliver(frame, subscriber);
          // Many small fan-outs hold the event loop as one large one does: neither count begins anew here.
          if (++this.#writes % writesPerLook === 0 && this.#heldLong()) await this.#yield();
        }
      }
    }
  }

  #heldLong(): boolean {
    return this.#port.clock.monotonic() - this.#heldSince > maxHoldMs;
  }

  async #yield(): Promise<void> {
    await new Promise(setImmediate);
    this.#heldSince = this.#port.clock.monotonic();
  }
}
