/**
 * Fan-out over SSE. k6 has no SSE, so this needs the extension xk6-sse. Recent k6 fetches it by itself; older k6
 * must be built with it (`xk6 build --with github.com/phymbert/xk6-sse`).
 *
 *   k6 run -e MANIFEED_URL=http://127.0.0.1:8080 -e SUBSCRIBERS=1000 load-tests/k6/sse.ts
 */
import { sleep } from 'k6';
import sse, { type SseEvent } from 'k6/x/sse';
import { countArrival } from './lib/arrival.ts';
import { Chain } from './lib/chain.ts';
import { measures } from './lib/measures.ts';
import { publish } from './lib/publisher.ts';
import { leftMs, publisher, subscribers } from './lib/scenarios.ts';
import { readSettings, subscriberHeaders } from './lib/settings.ts';

const settings = readSettings();
/** Wait between the end of a stream and the next try, s. */
const retryS = 1;

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

const query = [
  `repository=${encodeURIComponent(settings.repository)}`,
  ...(settings.pace === '' ? [] : [`pace=${settings.pace}`]),
].join('&');

export async function subscribe(): Promise<void> {
  const endsAt = Date.now() + leftMs(settings);
  const chain = new Chain();
  let lastEventId = '';
  while (Date.now() < endsAt) {
    const startedAt = Date.now();
    let liveSince = Number.NaN;
    const onEvent = (event: SseEvent) => {
      // Bookmarks count too: they let a quiet subscription resume.
      if (event.id !== '') lastEventId = event.id;
      if (event.name === 'ready') {
        liveSince = Date.now();
        measures.readyAfter.add(liveSince - startedAt);
      } else if (event.name === 'reset') {
        measures.resets.add(1);
      } else if (event.name === '' && event.data !== '') {
        countArrival(JSON.parse(event.data), chain, liveSince);
      }
    };
    const resume: Record<string, string> = lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId };
    const params = {
      headers: { ...subscriberHeaders(settings), Accept: 'text/event-stream', ...resume },
      timeout: `${Math.ceil((endsAt - startedAt) / 1000)}s`,
    };
    // The extension blocks here until the stream ends, and returns no promise. The stand-in returns one.
    await sse.open(`${settings.url}/v1/events?${query}`, params, (client) => {
      client.on('event', (event) => {
        onEvent(event);
        if (Date.now() >= endsAt) client.close();
      });
    });
    measures.subscribed.add(liveSince > 0);
    if (Date.now() < endsAt) sleep(retryS);
  }
}

export function publishOne(): Promise<void> {
  return publish(settings);
}
