/** The roads into the gateway's streams, each as one `open`. */
import { openLongPoll } from '../support/long-poll-client.ts';
import { openSse } from '../support/sse-client.ts';
import { openWebSocket } from '../support/websocket-client.ts';
import type { StreamRoad } from './streams.ts';

function sse(road: 'front' | 'ordinary'): StreamRoad {
  return {
    name: `SSE, ${road} road`,
    open: (port, params, options) => openSse(port, params, { ...options, road }),
    lasting: true,
    typeParameter: 'type',
  };
}

function webSocket(road: 'front' | 'ordinary'): StreamRoad {
  return {
    name: `WebSocket, ${road} road`,
    async open(port, params = {}, options = {}) {
      const client = await openWebSocket(port, { ...options, road });
      try {
        await client.subscribe(params);
      } catch (error) {
        client.close();
        throw error;
      }
      return client;
    },
    lasting: true,
    typeParameter: 'types',
  };
}

const longPoll: StreamRoad = { name: 'long-poll', open: openLongPoll, lasting: false, typeParameter: 'type' };

export const roads: readonly StreamRoad[] = [
  sse('front'),
  sse('ordinary'),
  webSocket('front'),
  webSocket('ordinary'),
  longPoll,
];
