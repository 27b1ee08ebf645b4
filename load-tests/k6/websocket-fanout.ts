/**
 * Fan-out over WebSocket: SUBSCRIBERS sockets on one repository, opened over RAMP seconds, then a change every
 * EVERY seconds.
 *
 *   k6 run -e MANIFEED_URL=http://127.0.0.1:8080 -e SUBSCRIBERS=1000 load-tests/k6/websocket-fanout.ts
 */
import { setTimeout } from 'k6/timers';
import { publish } from './lib/publisher.ts';
import { leftMs, publisher, subscribers } from './lib/scenarios.ts';
import { readSettings } from './lib/settings.ts';
import { SocketSubscriber } from './lib/socket-subscriber.ts';

const settings = readSettings();

export const options = {
  scenarios: {
    subscribers: subscribers(settings, 'subscribe', settings.subscribers),
    publisher: publisher(settings),
  },
  thresholds: {
    manifeed_gaps: ['count==0'],
    manifeed_resets: ['count==0'],
    manifeed_deliveries: ['count>0'],
    manifeed_subscribed: ['rate>0.99'],
    manifeed_published: ['rate==1'],
    manifeed_latency: ['p(50)<500', 'p(99)<2000'],
  },
};

export function subscribe(): void {
  const subscriber = new SocketSubscriber(settings);
  subscriber.open();
  setTimeout(() => subscriber.close(), leftMs(settings));
}

export function publishOne(): Promise<void> {
  return publish(settings);
}
