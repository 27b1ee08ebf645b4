import { once } from 'node:events';
import { createServer } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { stepInFront } from '../../../src/http/front.ts';
import type { RawHead } from '../../../src/http/raw-head.ts';
import { disown } from '../../../src/lib/socket-owner.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const head = 'GET /stream?a=b HTTP/1.1\r\nHost: x\r\n\r\n';

function front() {
  const clock = fakeClock();
  const server = createServer();
  const opened: RawHead[] = [];
  const stop = stepInFront(server, {
    clock,
    paths: new Set(['/stream']),
    headerTimeoutMs: 10_000,
    accepts: () => true,
    open: (request, socket) => {
      opened.push(request);
      disown(socket);
    },
  });
  const connect = () => {
    const socket = new Socket();
    server.emit('connection', socket);
    return socket;
  };
  return { clock, server, opened, stop, connect };
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
    expect(opened.map(({ path, query }) => `${path}?${query}`)).toEqual(['/stream?a=b']);
    // The peer's half-close is the end, whoever owns the socket.
    const closed = once(socket, 'close');
    socket.emit('end');
    await closed;
    stop();
  });
});
