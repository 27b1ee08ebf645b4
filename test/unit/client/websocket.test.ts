import { describe, expect, it } from 'vitest';
import { webSocketTransport } from '../../../client/src/transport/websocket.ts';
import { askFor, FakeReceiver, playNetwork } from '../../support/client-network.ts';
import { changeOf } from '../../support/client-stream.ts';

async function connect(members: Parameters<typeof askFor>[0] = {}) {
  const network = playNetwork();
  const receiver = new FakeReceiver();
  const over = new AbortController();
  const ending = webSocketTransport(network.parts)(askFor(members), receiver, over.signal);
  return { ...network, receiver, over, ending, socket: await network.sockets.next() };
}

describe('the WebSocket', () => {
  it('sends the token in its first message, never in the URL', async () => {
    const { socket } = await connect({ start: { after: 'e-7', since: null, snapshot: false } });
    expect(socket.url).toBe('wss://gateway.test/prefix/v1/socket');
    socket.open();
    expect(socket.sent.map((text) => JSON.parse(text))).toEqual([
      { type: 'subscribe', id: 'feed', repository: ['r.test/app'], after: 'e-7', access_token: 'secret' },
    ]);
  });

  it('hands on what comes, and ignores messages that it does not know', async () => {
    const { socket, receiver } = await connect();
    socket.open();
    socket.say({ type: 'subscribed', id: 'feed' });
    socket.say({ type: 'of a later version' });
    socket.say({ type: 'ready', id: 'feed', position: 'e-1', heartbeatMs: 20_000 });
    socket.say({ type: 'change', resume: 'e-2', change: changeOf(2) });
    socket.say({ type: 'bookmark', position: 'e-9' });
    expect(receiver.inbox.seen).toEqual([
      { kind: 'ready', position: 'e-1', heartbeatMs: 20_000 },
      { kind: 'change', resume: 'e-2', change: changeOf(2) },
      { kind: 'bookmark', position: 'e-9' },
    ]);
  });

  it.each([
    [4003, 'MESSAGE_TOO_LARGE', false],
    [4099, '', false],
    [4100, 'TOO_MANY_REQUESTS', true],
    [4199, '', true],
    [4200, 'DRAINING', true],
    [4999, '', true],
    [1000, '', true],
    [1006, '', true],
  ])('closed with %s %s: comes back by the range of the code', async (code, reason, retryable) => {
    const { socket, ending } = await connect();
    socket.open();
    socket.say({ type: 'subscribed', id: 'feed' });
    socket.closes(code, reason);
    expect(await ending).toMatchObject({
      kind: 'lost',
      error: { closeCode: code, retryable },
      isBlocked: false,
    });
  });

  it('comes back when a bye says', async () => {
    const { socket, ending } = await connect();
    socket.open();
    socket.say({ type: 'bye', reason: 'DRAINING', position: 'e-1', retryMs: 2_911 });
    expect(await ending).toMatchObject({ error: { code: 'DRAINING', retryMs: 2_911, retryable: true } });
    expect(socket.closedWith).toBe(1_000);
  });

  it('gives the reason of a refused subscription', async () => {
    const { socket, ending } = await connect();
    socket.open();
    const detail = { parameter: 'repository' };
    socket.say({ type: 'error', id: 'feed', code: 'DENIED', message: 'ask for a: no', detail });
    expect(await ending).toMatchObject({ error: { code: 'DENIED', retryable: false, detail } });
  });

  it.each([
    ['binary', new ArrayBuffer(1)],
    ['no JSON', '{"type":'],
    ['no object', '[]'],
    ['a change without a position', '{"type":"change","resume":"e-1","change":{}}'],
  ])('takes %s for a fault that may pass', async (_what, message) => {
    const { socket, ending } = await connect();
    socket.open();
    socket.say(message instanceof ArrayBuffer ? 7 : message);
    expect(await ending).toMatchObject({ error: { code: 'PROTOCOL', retryable: true } });
  });

  it('closes before a message that does not fit', async () => {
    const { socket, receiver, ending } = await connect();
    socket.open();
    receiver.isFull = true;
    socket.say({ type: 'change', resume: 'e-2', change: changeOf(2) });
    expect(await ending).toEqual({ kind: 'full' });
    expect(receiver.inbox.seen).toEqual([]);
  });

  it('is dead after three silent heartbeats, and before `ready` after a minute', async () => {
    for (const [heartbeatMs, limitMs] of [
      [2_000, 6_000],
      [0, 60_000],
    ] as const) {
      const { clock, socket, ending } = await connect();
      let hasEnded = false;
      void ending.then(() => {
        hasEnded = true;
      });
      socket.open();
      if (heartbeatMs > 0) socket.say({ type: 'ready', id: 'feed', position: 'e-1', heartbeatMs });
      clock.advance(limitMs - 5_001);
      socket.say({ type: 'heartbeat' });
      clock.advance(limitMs - 1);
      await Promise.resolve();
      expect(hasEnded).toBe(false);
      clock.advance(10_001);
      expect(await ending).toMatchObject({ error: { code: 'TIMEOUT' } });
    }
  });

  it('does not trust a connection over the sleep of a laptop', async () => {
    const { clock, socket, ending } = await connect();
    socket.open();
    socket.say({ type: 'ready', id: 'feed', position: 'e-1', heartbeatMs: 20_000 });
    clock.setWall(clock.now() + 3_600_000);
    clock.advance(5_000);
    expect(await ending).toMatchObject({ error: { code: 'TIMEOUT' } });
  });

  it.each([
    ['fell silent', null],
    ['was cut', 1006],
  ])('is blocked if it opened, and %s without a message', async (_what, code) => {
    const { clock, socket, requests, ending } = await connect();
    socket.open();
    if (code === null) clock.advance(70_000);
    else socket.closes(code);
    (await requests.next()).answer(200, '[]');
    expect(await ending).toMatchObject({ kind: 'lost', isBlocked: true });
  });

  describe('that did not open', () => {
    it('asks over HTTP why, and gives that reason', async () => {
      const { socket, requests, ending } = await connect();
      socket.closes(1006);
      const { url, init, answer } = await requests.next();
      expect(`${url.pathname}${url.search}`).toBe('/prefix/v2/updates?repository=r.test%2Fapp&n=0');
      expect(init.headers.authorization).toBe('Bearer secret');
      const errors = [{ code: 'TOO_MANY_CONNECTIONS', message: 'full', detail: null }];
      answer(503, { errors }, { 'retry-after': '7' });
      expect(await ending).toMatchObject({
        error: { code: 'TOO_MANY_CONNECTIONS', status: 503, retryMs: 7_000 },
        isBlocked: false,
      });
    });

    it('is blocked if HTTP reaches the gateway', async () => {
      const { socket, requests, ending } = await connect();
      socket.closes(1006);
      (await requests.next()).answer(200, '[]');
      expect(await ending).toMatchObject({ error: { code: 'NETWORK' }, isBlocked: true });
    });

    it('is not blocked if HTTP does not reach it either, or answers nothing', async () => {
      const away = await connect();
      away.socket.closes(1006);
      (await away.requests.next()).fail();
      expect(await away.ending).toMatchObject({ error: { code: 'NETWORK' }, isBlocked: false });
      const silent = await connect();
      silent.socket.closes(1006);
      await silent.requests.next();
      for (let second = 0; second < 15; second += 5) {
        await silent.clock.untilWaiting(1);
        silent.clock.advance(5_000);
      }
      expect(await silent.ending).toMatchObject({ error: { code: 'TIMEOUT' }, isBlocked: false });
    });

    it('is not blocked if a page answers, as in a network for guests', async () => {
      const { socket, requests, ending } = await connect();
      socket.closes(1006);
      (await requests.next()).answer(200, '<html>Welcome');
      expect(await ending).toMatchObject({
        error: { code: 'PROTOCOL', retryable: true, message: expect.stringContaining('<html>Welcome') },
        isBlocked: false,
      });
    });

    it.each([
      [431, { errors: [{ code: 'HEAD_TOO_LARGE', message: 'too large', detail: null }] }],
      [414, '<html>'],
    ])('comes back though the question is too long for a URL: %i', async (status, body) => {
      const { socket, requests, ending } = await connect();
      socket.closes(1006);
      (await requests.next()).answer(status, body);
      expect(await ending).toMatchObject({ error: { code: 'NETWORK', retryable: true }, isBlocked: false });
    });

    it('was given up after 15 s', async () => {
      const { clock, socket, requests, ending } = await connect();
      clock.advance(20_000);
      expect(socket.closedWith).toBe(1_000);
      (await requests.next()).answer(200, '[]');
      expect(await ending).toMatchObject({ error: { code: 'TIMEOUT' }, isBlocked: true });
    });

    it('is blocked where the runtime has none, or forbids it', async () => {
      const { parts, requests } = playNetwork();
      const { signal } = new AbortController();
      const none = webSocketTransport({ ...parts, WebSocket: null });
      expect(await none(askFor(), new FakeReceiver(), signal)).toMatchObject({ isBlocked: true });
      const Forbidden = class {
        constructor() {
          throw new Error('SecurityError');
        }
        addEventListener(): void {}
        send(): void {}
        close(): void {}
      };
      const forbidden = webSocketTransport({ ...parts, WebSocket: Forbidden });
      const ending = forbidden(askFor(), new FakeReceiver(), signal);
      (await requests.next()).answer(200, '[]');
      expect(await ending).toMatchObject({ error: { code: 'NETWORK' }, isBlocked: true });
    });
  });
});
