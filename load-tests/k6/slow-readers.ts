/**
 * Slow readers: SLOW per cent of the subscribers take DAWDLE seconds for each change. The others must not be
 * affected. The slow ones must miss nothing: the gateway feeds them from the ledger, or closes them and they
 * return.
 *
 *   k6 run -e SUBSCRIBERS=1000 -e SLOW=10 -e DAWDLE=3 load-tests/k6/slow-readers.ts
 */
import { sleep } from 'k6';
import { setTimeout } from 'k6/timers';
import { publish } from './lib/publisher.ts';
import { leftMs, publisher, subscribers } from './lib/scenarios.ts';
import { readSettings } from './lib/settings.ts';
import { type SocketListeners, SocketSubscriber } from './lib/socket-subscriber.ts';

const settings = readSettings();
const slowCount = Math.max(1, Math.round((settings.subscribers * Number(__ENV.SLOW ?? 10)) / 100));
const dawdleS = Number(__ENV.DAWDLE ?? 3);
const retryMs = 1000;

export const options = {
  scenarios: {
    fast: subscribers(settings, 'readAtOnce', Math.max(1, settings.subscribers - slowCount)),
    slow: subscribers(settings, 'readSlowly', slowCount),
    publisher: publisher(settings),
  },
  thresholds: {
    manifeed_gaps: ['count==0'],
    manifeed_resets: ['count==0'],
    manifeed_subscribed: ['rate>0.99'],
    manifeed_published: ['rate==1'],
    'manifeed_deliveries{scenario:fast}': ['count>0'],
    // k6 tags each sample with its scenario.
    'manifeed_latency{scenario:fast}': ['p(99)<2000'],
  },
};

function stay(listeners: SocketListeners): void {
  let over = false;
  const subscriber = new SocketSubscriber(settings, {
    ...listeners,
    onClose: () => {
      if (!over) setTimeout(() => subscriber.open(), retryMs);
    },
  });
  subscriber.open();
  setTimeout(() => {
    over = true;
    subscriber.close();
  }, leftMs(settings));
}

export function readAtOnce(): void {
  stay({});
}

/** k6 does not read from the socket of a virtual user that sleeps, so the gateway sees a full socket. */
export function readSlowly(): void {
  stay({ onChange: () => sleep(dawdleS) });
}

export function publishOne(): Promise<void> {
  return publish(settings);
}
