/** What a client sees while nothing happens: it must be able to tell a dead line from a quiet one. */
import { afterEach, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.ts';
import { openSse } from '../../support/sse-client.ts';
import { of } from '../../support/stream-client.ts';
import { openWebSocket } from '../../support/websocket-client.ts';

let gateway: Gateway;
afterEach(() => gateway.close());

const limits = { heartbeatInterval: '1s' };

describe('a quiet WebSocket', () => {
  it('G9: gets a bookmark with every beat, though its position has not moved', async () => {
    gateway = await startGateway({ limits });
    const socket = await openWebSocket(gateway.port);
    await socket.subscribe({ repository: 'nginx' });
    const { position } = await socket.inbox.until(of('ready'));
    for (let beat = 0; beat < 3; beat++) {
      expect(await socket.inbox.until(of('bookmark'))).toEqual({ kind: 'bookmark', position });
    }
    socket.close();
  });

  it('gets a message without a position while it has none', async () => {
    gateway = await startGateway({ limits });
    const socket = await openWebSocket(gateway.port);
    for (let beat = 0; beat < 2; beat++) {
      expect(await socket.inbox.until(of('other'))).toEqual({ kind: 'other', text: '{"type":"heartbeat"}' });
    }
    socket.close();
  });

  it('is still pinged, and cut when it answers nothing', async () => {
    gateway = await startGateway({ limits });
    const socket = await openWebSocket(gateway.port);
    await new Promise((resolve) => socket.socket.once('ping', resolve));
    socket.close();
  });
});

describe('ready', () => {
  it('tells the interval of heartbeats, over WebSocket and SSE', async () => {
    for (const [heartbeatInterval, heartbeatMs] of [
      ['7s', 7_000],
      ['30s', 30_000],
    ] as const) {
      gateway = await startGateway({ limits: { heartbeatInterval } });
      const socket = await openWebSocket(gateway.port);
      await socket.subscribe({ repository: 'nginx' });
      const events = await openSse(gateway.port);
      for (const client of [socket, events]) {
        expect(await client.inbox.until(of('ready'))).toMatchObject({ heartbeatMs });
        client.close();
      }
      await gateway.close();
    }
  });
});
