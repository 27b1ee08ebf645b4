/** Long requests and messages wait for their turn. What each asks for still happens, in its order. */
import { afterEach, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.ts';
import { openRaw } from '../../support/raw-http.ts';
import { of } from '../../support/stream-client.ts';
import { openWebSocket } from '../../support/websocket-client.ts';

let gateway: Gateway;
afterEach(() => gateway.close());

/** A query of some 45 KB that is in order. */
const longQuery = Array.from({ length: 900 }, (_, n) => `repository=h.test/${'r'.repeat(30)}/${n}`).join('&');
const getLong = (path: string) => `GET ${path}?${longQuery} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;

describe('long input', () => {
  it('answers twenty long requests that come together', async () => {
    gateway = await startGateway();
    const clients = await Promise.all(Array.from({ length: 20 }, () => openRaw(gateway.port)));
    for (const [n, client] of clients.entries()) {
      client.send(getLong(n % 2 === 0 ? '/v1/events' : '/v2/updates'));
    }
    for (const [n, client] of clients.entries()) {
      await client.until(n % 2 === 0 ? 'event: ready' : 'HTTP/1.1 200');
      client.close();
    }
  });

  it.each(['front', 'ordinary'] as const)(
    'reads a packet of long and short messages in order, on the %s road',
    async (road) => {
      gateway = await startGateway({ limits: { messagesPerSecond: 100 } });
      const client = await openWebSocket(gateway.port, { road });
      const ids = Array.from({ length: 40 }, (_, n) => `m${n}`);
      for (const [n, id] of ids.entries()) {
        client.socket.send(
          JSON.stringify({ type: 'unsubscribe', id }) + ' '.repeat(n % 4 === 3 ? 0 : 60_000),
        );
      }
      const answered: string[] = [];
      while (answered.length < ids.length) {
        const { text } = await client.inbox.until(of('other'));
        const { type, id } = JSON.parse(text);
        if (type === 'error') answered.push(id);
      }
      expect(answered).toEqual(ids);
      await client.subscribe({ repository: 'h.test/a' });
      client.close();
    },
  );
});
