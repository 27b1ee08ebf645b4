import type { Subscriber } from './subscriber.ts';

/** All subscribers, in slots that are used again, so that a heartbeat can walk them by number. */
export class SubscriberTable implements Iterable<Subscriber> {
  readonly #slots: (Subscriber | null)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#slots.length - this.#free.length;
  }

  /** Slots, used or not. */
  get length(): number {
    return this.#slots.length;
  }

  at(slot: number): Subscriber | null {
    return this.#slots[slot] ?? null;
  }

  add(subscriber: Subscriber): void {
    subscriber.slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[subscriber.slot] = subscriber;
  }

  remove(subscriber: Subscriber): void {
    if (this.#slots[subscriber.slot] !== subscriber) return;
    this.#slots[subscriber.slot] = null;
    this.#free.push(subscriber.slot);
  }

  *[Symbol.iterator](): Iterator<Subscriber> {
    for (const subscriber of this.#slots) if (subscriber !== null) yield subscriber;
  }
}
