/**
 * A reconnect storm: half-way every subscriber drops its connection at the same moment, is away for AWAY seconds
 * while changes go on, and resumes from its position. None may miss a change.
 *
 *   k6 run -e SUBSCRIBERS=2000 -e AWAY=2 load-tests/k6/reconnect-storm.ts
 */
import { setTimeout } from 'k6/timers';
import { publish } from './lib/publisher.ts';
import { leftMs, publisher, publishesAfterS, subscribers } from './lib/scenarios.ts';
import { readSettings } from './lib/settings.ts';
import { SocketSubscriber } from './lib/socket-subscriber.ts';

// The gateway paces the deliveries, because the pace must hold in a storm too.
const settings = readSettings({ pace: '' });
const awayMs = Number(__ENV.AWAY ?? 2) * 1000;
/** A refused client returns after one second plus a random part of this, ms, as Retry-After asks. */
const retrySpreadMs = 4000;

export const options = {
  scenarios: {
    subscribers: subscribers(settings, 'subscribe', settings.subscribers),
    publisher: publisher(settings),
  },
  thresholds: {
    manifeed_gaps: ['count==0'],
    manifeed_resets: ['count==0'],
    manifeed_deliveries: ['count>0'],
    // At the storm's height the gateway may refuse some, and asks them to return later.
    manifeed_subscribed: ['rate>0.5'],
    manifeed_published: ['rate==1'],
    manifeed_ready_after: ['p(95)<10000'],
  },
};

interface Storm {
  /** ms since the epoch. The same for all subscribers. */
  readonly at: number;
}

export function setup(): Storm {
  return { at: Date.now() + (publishesAfterS + settings.durationS / 2) * 1000 };
}

export function subscribe(storm: Storm): void {
  let over = false;
  const subscriber = new SocketSubscriber(settings, {
    onClose: () => {
      if (!over) setTimeout(() => subscriber.open(), 1000 + Math.random() * retrySpreadMs);
    },
  });
  subscriber.open();
  setTimeout(() => subscriber.close(), storm.at - Date.now());
  setTimeout(() => subscriber.open(), storm.at + awayMs - Date.now());
  setTimeout(() => {
    over = true;
    subscriber.close();
  }, leftMs(settings));
}

export function publishOne(): Promise<void> {
  return publish(settings);
}
