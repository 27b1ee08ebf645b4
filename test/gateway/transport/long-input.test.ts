/** Long requests and messages wait for their turn. What each asks for still happens, in its order, and only for those who stay. */
import { afterEach, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.ts';
import { openRaw } from '../../support/raw-http.ts';
import { openSse } from '../../support/sse-client.ts';
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

  it('counts no client that leaves while its long request waits', async () => {
    const perAddress = 5;
    gateway = await startGateway({ limits: { connectionsPerAddress: perAddress } });
    const clients = await Promise.all(Array.from({ length: 8 }, () => openRaw(gateway.port)));
    for (const { socket } of clients) {
      socket.write(getLong('/v1/events'), () => socket.resetAndDestroy());
    }
    // All the room of this address is free again, sooner or later.
    const openAll = async () => {
      const opening = Array.from({ length: perAddress }, () => openSse(gateway.port, {}));
      const opened = await Promise.allSettled(opening);
      for (const each of opened) if (each.status === 'fulfilled') each.value.close();
      return opened.filter(({ status }) => status === 'fulfilled').length;
    };
    await expect.poll(openAll, { timeout: 10_000 }).toBe(perAddress);
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
