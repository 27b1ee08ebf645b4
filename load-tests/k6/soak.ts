/**
 * Soak: for hours, subscribers come and go, each for SESSION seconds on average, and resume from their positions.
 * Judge it by the thresholds and by the gateway's memory.
 *
 *   k6 run -e SUBSCRIBERS=2000 -e DURATION=14400 -e EVERY=5 -e SESSION=300 load-tests/k6/soak.ts
 */
import { setTimeout } from 'k6/timers';
import { publish } from './lib/publisher.ts';
import { leftMs, publisher, subscribers } from './lib/scenarios.ts';
import { readSettings } from './lib/settings.ts';
import { SocketSubscriber } from './lib/socket-subscriber.ts';

const settings = readSettings({ durationS: 14400, everyS: 5 });
const sessionS = Number(__ENV.SESSION ?? 300);
/** Time between two sessions of a subscriber, s; changes go on meanwhile. */
const awayS = sessionS / 10;

export const options = {
  scenarios: {
    subscribers: subscribers(settings, 'subscribe', settings.subscribers),
    publisher: publisher(settings),
  },
  thresholds: {
    manifeed_gaps: ['count==0'],
    manifeed_resets: ['count==0'],
    manifeed_deliveries: ['count>0'],
    manifeed_subscribed: ['rate>0.999'],
    manifeed_published: ['rate>0.999'],
    manifeed_latency: ['p(99)<2000'],
    manifeed_ready_after: ['p(99)<2000'],
  },
};

export function subscribe(): void {
  const endsAt = Date.now() + leftMs(settings);
  const subscriber = new SocketSubscriber(settings);
  const session = () => {
    const leftMs = endsAt - Date.now();
    if (leftMs <= 0) return;
    subscriber.open();
    // A session lasts 0.5 to 1.5 times SESSION, so that subscribers do not leave together.
    const stayMs = Math.min(leftMs, sessionS * (0.5 + Math.random()) * 1000);
    setTimeout(() => subscriber.close(), stayMs);
    setTimeout(session, stayMs + awayS * 1000);
  };
  session();
  // A timer keeps the virtual user alive, because k6 restarts one whose timers are all done.
  setTimeout(() => subscriber.close(), leftMs(settings));
}

export function publishOne(): Promise<void> {
  return publish(settings);
}
