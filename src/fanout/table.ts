import type { Subscriber } from './subscriber.ts';

/** All subscribers, in rows that are reused, so that a heartbeat can walk them by number. */
export class SubscriberTable implements Iterable<Subscriber> {
  readonly #rows: (Subscriber | null)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#rows.length - this.#free.length;
  }

  /** Rows, used or not. */
  get length(): number {
    return this.#rows.length;
  }

  at(row: number): Subscriber | null {
    return this.#rows[row] ?? null;
  }

  add(subscriber: Subscriber): void {
    subscriber.row = this.#free.pop() ?? this.#rows.length;
    this.#rows[subscriber.row] = subscriber;
  }

  remove(subscriber: Subscriber): void {
    if (this.#rows[subscriber.row] !== subscriber) return;
    this.#rows[subscriber.row] = null;
    this.#free.push(subscriber.row);
  }

  *[Symbol.iterator](): Iterator<Subscriber> {
    for (const subscriber of this.#rows) if (subscriber !== null) yield subscriber;
  }
}
