/**
 * One timer for all heartbeats; each tick visits the next part of the subscribers. Each beat is a bookmark, so that a
 * quiet subscription can resume too.
 */
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import type { Hub } from './hub.ts';
import type { Subscriber } from './subscriber.ts';

interface HeartbeatOptions {
  readonly hub: Hub;
  /** Time between two beats of one subscriber, ms. Less than 60 s, after which proxies cut quiet connections. */
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** Ticks in one interval. */
const ticks = 100;

/** Starts the heartbeats; returns an idempotent stop. */
export function startHeartbeat(options: HeartbeatOptions): () => void {
  const { hub, clock } = options;
  let tick = 0;
  let cancel = clock.after(options.intervalMs / ticks, turn);

  function turn(): void {
    cancel = clock.after(options.intervalMs / ticks, turn);
    // Every hundredth row, not a hundredth of the rows: a row keeps its tick however fast the table grows.
    for (let row = tick; row < hub.table.length; row += ticks) {
      const subscriber = hub.table.at(row);
      if (subscriber !== null) visit(subscriber);
    }
    tick = (tick + 1) % ticks;
  }

  function visit(subscriber: Subscriber): void {
    const overdue = hub.overdue(subscriber);
    if (overdue !== null) hub.dismiss(subscriber, overdue, 1_000 + options.random() * 9_000);
    else if (subscriber.blockedAt === 0) {
      subscriber.sink.beat(subscriber.isPlaced ? hub.resumeOf(subscriber) : '');
    }
  }

  return () => cancel();
}
