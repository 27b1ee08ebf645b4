import type { Subscriber } from './subscriber.ts';
import type { SubscriberTable } from './table.ts';

/** Feeders started in one turn of the event loop. */
const wokenPerTurn = 250;

/** Starts the feeders of all who are behind, in later turns of the event loop: so many at once would stall it. */
export class WakeUp {
  readonly #table: SubscriberTable;
  readonly #feed: (subscriber: Subscriber) => void;
  /** The slot from which on feeders are still to be started; null: that is done. */
  #from: number | null = null;

  constructor(table: SubscriberTable, feed: (subscriber: Subscriber) => void) {
    this.#table = table;
    this.#feed = feed;
  }

  all(): void {
    const idle = this.#from === null;
    this.#from = 0;
    if (idle) setImmediate(() => this.#some());
  }

  #some(): void {
    const from = this.#from ?? 0;
    for (let slot = from; slot < from + wokenPerTurn; slot++) {
      const subscriber = this.#table.at(slot);
      if (subscriber?.state === 'behind') this.#feed(subscriber);
    }
    this.#from = from + wokenPerTurn < this.#table.length ? from + wokenPerTurn : null;
    if (this.#from !== null) setImmediate(() => this.#some());
  }
}
