import { type FeederParts, feed } from './feeder.ts';
import type { Subscriber } from './subscriber.ts';

/** Feeders started in one turn of the event loop. */
const startedPerTurn = 250;

/** Runs one feeder for each subscriber that is behind, never two. */
export class Feeders {
  readonly #parts: FeederParts;
  /** The row from which feeders are still to be started; null: none. */
  #from: number | null = null;

  constructor(parts: FeederParts) {
    this.#parts = parts;
  }

  /** Feeds a subscriber until it is live; wakes its feeder if it has one. */
  feed(subscriber: Subscriber): void {
    if (subscriber.feeding || subscriber.state !== 'behind') return subscriber.wake();
    subscriber.feeding = true;
    const { log, random, subscriptions } = this.#parts;
    feed(subscriber, this.#parts)
      .catch((error: unknown) => {
        log.error({ error: String(error) }, 'feed subscriber: failed');
        subscriptions.dismiss(subscriber, 'INTERNAL', 1_000 + random() * 4_000);
      })
      .finally(() => {
        subscriber.feeding = false;
        // It may have fallen behind again between its last step and now.
        if (subscriber.state === 'behind') this.feed(subscriber);
      });
  }

  /** Feeds all that are behind, in later turns of the event loop: thousands of feeders at once would stall it. */
  feedAll(): void {
    const idle = this.#from === null;
    this.#from = 0;
    if (idle) setImmediate(() => this.#feedSome());
  }

  #feedSome(): void {
    const { table } = this.#parts;
    const from = this.#from ?? 0;
    for (let row = from; row < from + startedPerTurn; row++) {
      const subscriber = table.at(row);
      if (subscriber?.state === 'behind') this.feed(subscriber);
    }
    this.#from = from + startedPerTurn < table.length ? from + startedPerTurn : null;
    if (this.#from !== null) setImmediate(() => this.#feedSome());
  }
}
