import { once } from 'node:events';
import { createServer } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { disown } from '../../../../src/lib/socket-owner.ts';
import { stepInFront } from '../../../../src/transport/front/front.ts';
import type { RawHead } from '../../../../src/transport/front/raw-head.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

const head = 'GET /stream?a=b HTTP/1.1\r\nHost: x\r\n\r\n';

function front() {
  const clock = fakeClock();
  const server = createServer();
  const read: RawHead[] = [];
  const opened: string[] = [];
  const stop = stepInFront(server, {
    clock,
    headerTimeoutMs: 10_000,
    accepts: () => true,
    read: (request) => {
      if (request.path !== '/stream') return null;
      read.push(request);
      return {
        lasting: request.query !== 'once',
        open: (socket, key) => {
          opened.push(`${request.query} ${key}`);
          disown(socket);
        },
      };
    },
  });
  const connect = () => {
    const socket = new Socket();
    server.emit('connection', socket);
    return socket;
  };
  return { clock, server, read, opened, stop, connect };
}

describe('stepInFront', () => {
  it('cuts who says nothing, between the timeout and a second later, and nobody else', () => {
    const { clock, connect, stop } = front();
    clock.advance(400);
    const silent = connect();
    const speaker = connect();
    clock.advance(9_800);
    const late = connect();
    speaker.emit('data', Buffer.from(head));
    expect(silent.destroyed).toBe(false);
    clock.advance(1_300);
    expect([silent, speaker, late].map((socket) => socket.destroyed)).toEqual([true, false, false]);
    clock.advance(10_000);
    expect([speaker, late].map((socket) => socket.destroyed)).toEqual([false, true]);
    stop();
  });

  it('cuts the silent when it stops, whenever they came', () => {
    const { clock, connect, stop } = front();
    const early = connect();
    clock.advance(3_000);
    const late = connect();
    stop();
    stop();
    expect([early, late].map((socket) => socket.destroyed)).toEqual([true, true]);
    expect(clock.waiting).toBe(0);
  });

  it('leaves no listener of its own on a socket that takes the ordinary road', () => {
    const { server, opened, connect, stop } = front();
    const plain = new Socket();
    const own = plain.eventNames();
    const ordinary = createServer().listeners('connection');
    const socket = connect();
    for (const listener of ordinary) Reflect.apply(listener, server, [plain]);
    socket.emit('data', Buffer.from('POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n'));
    expect(opened).toEqual([]);
    expect(plain.eventNames()).not.toEqual(own);
    for (const name of plain.eventNames()) {
      expect(socket.listenerCount(name), String(name)).toBe(plain.listenerCount(name));
    }
    stop();
  });

  it('hands a stream over with its socket', async () => {
    const { opened, connect, stop } = front();
    const socket = connect();
    socket.emit('data', Buffer.from(head));
    expect(opened).toEqual(['a=b ']);
    // The peer's half-close is the end, whoever owns the socket.
    const closed = once(socket, 'close');
    socket.emit('end');
    await closed;
    stop();
  });

  it('reads a head once for all who send the same, and a WebSocket key for each', () => {
    const { read, opened, connect, stop } = front();
    const keys = ['dGhlIHNhbXBsZSBub25jZQ==', 'AAAAAAAAAAAAAAAAAAAAAA=='];
    const withKey = (key: string) => head.replace('Host', `Sec-WebSocket-Key: ${key}\r\nHost`);
    const texts = [head, head, ...keys.map(withKey), ...keys.map(withKey), head.replace('a=b', 'c=d')];
    for (const text of texts) connect().emit('data', Buffer.from(text));
    expect(opened).toEqual(['a=b ', 'a=b ', ...[...keys, ...keys].map((key) => `a=b ${key}`), 'c=d ']);
    expect(read).toHaveLength(3);
    stop();
  });

  it.each(['sec-websocket-key: ', 'Sec-WebSocket-Key:', 'Sec-WebSocket-Key:  '])(
    'tells a key that is written as "%s" each time',
    (name) => {
      const { opened, connect, stop } = front();
      const key = 'dGhlIHNhbXBsZSBub25jZQ==';
      for (let n = 0; n < 3; n++)
        connect().emit('data', Buffer.from(head.replace('Host', `${name}${key}\r\nHost`)));
      expect(opened).toEqual(Array.from({ length: 3 }, () => `a=b ${key}`));
      stop();
    },
  );

  it('does not take more than a key for one', () => {
    const { read, opened, connect, stop } = front();
    const lines = ['x'.repeat(24), `${'A'.repeat(22)}==x`, 'AA\r\nOrigin: abcdefghijk'];
    for (const line of [...lines, `${'A'.repeat(22)}==`]) {
      connect().emit('data', Buffer.from(head.replace('Host', `Sec-WebSocket-Key: ${line}\r\nHost`)));
    }
    expect(read).toHaveLength(4);
    expect(opened).toEqual(
      ['x'.repeat(24), `${'A'.repeat(22)}==x`, 'AA', `${'A'.repeat(22)}==`].map((key) => `a=b ${key}`),
    );
    stop();
  });

  it.each([
    ['an answer does not last', head.replace('a=b', 'once')],
    ['it is too long to be remembered', head.replace('Host', `X: ${'x'.repeat(2_100)}\r\nHost`)],
  ])('reads a head again where %s', (_why, text) => {
    const { read, opened, connect, stop } = front();
    for (let n = 0; n < 2; n++) connect().emit('data', Buffer.from(text));
    expect([read.length, opened.length]).toEqual([2, 2]);
    stop();
  });

  it('forgets the oldest of a thousand', () => {
    const { read, connect, stop } = front();
    const say = (n: number) => connect().emit('data', Buffer.from(head.replace('a=b', `n=${n}`)));
    for (let n = 0; n <= 1_000; n++) say(n);
    say(1_000);
    expect(read).toHaveLength(1_001);
    say(0);
    expect(read).toHaveLength(1_002);
    stop();
  });
});
