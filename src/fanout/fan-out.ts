/**
 * Brings each change from the ledger's tail to its subscribers: index → pace → deliverer → feeders. Each part
 * returns a verdict, and this loop acts on it. A long fan-out yields to the event loop. If the queue grows too long
 * or has a hole, it is skipped, and subscribers read from the ledger.
 */
import type { Work } from '../event/glob.ts';
import { formatPosition } from '../event/position.ts';
import type { Bounds, TailEvent } from '../ledger/ledger.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Deliverer } from './deliverer.ts';
import type { Feeders } from './feeders.ts';
import type { Frame } from './frame.ts';
import type { GroupIndex, Matched } from './group-index.ts';
import type { History } from './history.ts';
import type { HubMetrics } from './hub-metrics.ts';
import type { HeldChange } from './pace/held-change.ts';
import type { Pacer } from './pace/pacer.ts';
import type { ChangeQueue } from './queue.ts';
import type { Group, SubscriberTable } from './subscriber.ts';

interface FanOutParts {
  readonly queue: ChangeQueue;
  readonly history: History;
  readonly index: GroupIndex;
  readonly pacer: Pacer;
  readonly deliverer: Deliverer;
  readonly feeders: Feeders;
  readonly table: SubscriberTable;
  readonly metrics: HubMetrics;
  readonly clock: Clock;
  readonly log: Log;
}

/** Steps of judging globs for one change in one turn of the event loop: about a millisecond. */
const stepsPerTurn = 50_000;
/** Writes between two checks of the clock, and the longest that fan-out may hold the event loop, ms. */
const writesPerLook = 128;
const maxHoldMs = 8;

export class FanOut {
  readonly #parts: FanOutParts;
  #fanningOut = false;
  #closed = false;
  #heldSince = 0;
  #writes = 0;

  constructor(parts: FanOutParts) {
    this.#parts = parts;
    void this.#letOutHeld();
  }

  get busy(): boolean {
    return this.#fanningOut;
  }

  /** Receives the events of the ledger's tail. */
  readonly onTail = (event: TailEvent): void => {
    if (event.kind === 'reset') return this.#restart(event.bounds);
    if (!this.#parts.queue.push(event.changes, this.#parts.clock.monotonic())) {
      this.#leaveBehind();
      this.#parts.history.clear();
    }
    if (!this.#fanningOut) void this.#fanOut();
  };

  close(): void {
    this.#closed = true;
    this.#parts.queue.drop();
  }

  /** Must not reject: no caller awaits it, so a rejection would end the process, again after each start. */
  async #fanOut(): Promise<void> {
    const { queue, history, index, pacer } = this.#parts;
    this.#fanningOut = true;
    this.#heldSince = this.#parts.clock.monotonic();
    try {
      for (let frame = queue.take(); frame !== undefined; frame = queue.take()) {
        try {
          const matched = index.match(frame, newWork()) ?? (await this.#matchOn(frame));
          if (matched === null) continue;
          // Not earlier: a subscription made while globs were judged must receive this change live.
          queue.begin(frame);
          history.push(frame);
          const verdict = pacer.hold(frame, matched);
          if (verdict === 'full') this.#dropHeld();
          if (this.#heldLong()) await this.#yield();
          const isGiven =
            matched.groups.length > 0 && (await this.#bring(frame, matched.groups, verdict === 'at once'));
          // Of a held-back change, the last subscriber is still to come.
          if (isGiven && verdict !== 'held') this.#noteReached(frame, false);
        } catch (error) {
          this.#fail(frame, error);
        }
        if (this.#closed) return;
        queue.settle(frame);
      }
    } finally {
      this.#fanningOut = false;
    }
  }

  /** @returns whether it was delivered to anyone */
  async #bring(frame: Frame, groups: readonly Group[], pacedToo: boolean): Promise<boolean> {
    const { queue, deliverer, feeders } = this.#parts;
    let isGiven = false;
    for (const group of groups) {
      for (const members of pacedToo ? [group.unpaced, group.paced] : [group.unpaced]) {
        for (const subscriber of members) {
          if (this.#closed || frame.change.epoch !== queue.epoch) return false;
          const verdict = deliverer.deliver(frame, subscriber);
          if (verdict === 'given' || verdict === 'blocked') isGiven = true;
          if (verdict === 'blocked' || verdict === 'overfull') feeders.feed(subscriber);
          // Counted across changes: many small fan-outs hold the event loop like one large one.
          if (++this.#writes % writesPerLook === 0 && this.#heldLong()) await this.#yield();
        }
      }
    }
    return isGiven;
  }

  /** Delivers held-back changes as the pace yields them. Ends when the pace is closed. */
  async #letOutHeld(): Promise<void> {
    const { pacer } = this.#parts;
    while (await pacer.untilDue()) {
      this.#heldSince = this.#parts.clock.monotonic();
      for (const held of pacer.due()) {
        try {
          await this.#letOut(held);
        } catch (error) {
          this.#fail(held.frame, error);
          held.drop();
        }
      }
    }
  }

  async #letOut(held: HeldChange): Promise<void> {
    const { pacer, deliverer, feeders } = this.#parts;
    const isUnderWay = held.held > 0;
    for (let subscriber = held.take(); subscriber !== null; subscriber = held.take()) {
      const verdict = deliverer.deliverHeld(held, subscriber);
      if (verdict === 'unneeded' || verdict === 'overfull') pacer.takeBack(held);
      else held.isGiven = true;
      if (verdict === 'overfull' || verdict === 'blocked') feeders.feed(subscriber);
      if (++this.#writes % writesPerLook === 0 && this.#heldLong()) await this.#yield();
    }
    if (isUnderWay && held.held === 0 && held.isGiven) this.#noteReached(held.frame, true);
  }

  #noteReached(frame: Frame, held: boolean): void {
    const { clock, metrics } = this.#parts;
    metrics.reachedAll(clock.monotonic() - frame.heardAt, held);
  }

  /** Too much is held back: paced subscribers read from the ledger instead. */
  #dropHeld(): void {
    this.#leaveBehind(true);
    this.#parts.pacer.dropHeld();
  }

  /** Live subscribers stop at their resume positions and catch up from the ledger. */
  #leaveBehind(onlyPaced = false): void {
    const { metrics, table, deliverer, feeders } = this.#parts;
    metrics.overruns.inc();
    for (const subscriber of table) {
      if (subscriber.state === 'live' && (subscriber.paced || !onlyPaced)) deliverer.fallBehind(subscriber);
    }
    feeders.feedAll();
  }

  /** Fan-out has a defect. Some subscribers may have the change, so each catches up from its own position. */
  #fail(frame: Frame, error: unknown): void {
    const { queue, log } = this.#parts;
    const position = formatPosition(frame.change.epoch, frame.sequence);
    log.error({ error: String(error), position }, 'fan out change: failed: goes on');
    queue.begin(frame);
    this.#leaveBehind();
  }

  #restart(bounds: Bounds): void {
    const { queue, history, pacer, table, feeders } = this.#parts;
    queue.restart(bounds);
    history.clear();
    pacer.clear();
    for (const subscriber of table) subscriber.restart(bounds);
    feeders.feedAll();
  }

  /** Continues matching in later turns of the event loop. Null: the frame became void meanwhile. */
  async #matchOn(frame: Frame): Promise<Matched | null> {
    const { queue, index } = this.#parts;
    const { drops } = queue;
    let matched: Matched | null;
    do {
      await this.#yield();
      if (queue.drops !== drops) return null;
      matched = index.match(frame, newWork());
    } while (matched === null);
    return matched;
  }

  #heldLong(): boolean {
    return this.#parts.clock.monotonic() - this.#heldSince > maxHoldMs;
  }

  async #yield(): Promise<void> {
    await new Promise(setImmediate);
    this.#heldSince = this.#parts.clock.monotonic();
  }
}

function newWork(): Work {
  return { steps: 0, limit: stepsPerTurn };
}
