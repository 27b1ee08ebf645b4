import { describe, expect, it, vi } from 'vitest';
import { baseUrl } from '../../../client/src/feed/base-url.ts';
import { StatusBoard } from '../../../client/src/feed/status.ts';
import { Bell, pageWakeUps } from '../../../client/src/feed/wake-ups.ts';
import { FeedError } from '../../../client/src/feed-error.ts';
import { openFeed } from '../../../client/src/index.ts';
import { boundedRetry, retryAfterOf } from '../../../client/src/transport/retry.ts';
import { playNetwork } from '../../support/client-network.ts';

function open(options: Parameters<typeof openFeed>[1] = {}) {
  const network = playNetwork();
  const { url, clock, fetch, WebSocket } = network.parts;
  const runtime = { clock, fetch, ...(WebSocket === null ? {} : { WebSocket }) };
  return { ...network, feed: openFeed(url, { ...runtime, random: () => 0, ...options }) };
}

const store = { load: () => null, save: () => {} };

describe('openFeed', () => {
  it.each([
    ['https://gateway.test', 'https://gateway.test'],
    ['http://gateway.test:8080//', 'http://gateway.test:8080'],
    ['https://gateway.test/path/', 'https://gateway.test/path'],
  ])('takes %s', (url, base) => {
    expect(baseUrl(url)).toBe(base);
    expect(baseUrl(new URL(url))).toBe(base);
  });

  it.each([
    ['gateway.test', /must be absolute/],
    ['wss://gateway.test', /wss:: must be http: or https:/],
    ['https://user:hunter2@gateway.test', /must be given as the option token/],
    ['https://gateway.test/?access_token=hunter2', /must be left out/],
    ['https://gateway.test/#here', /must be left out/],
  ])('refuses %s, and repeats no secret', (url, message) => {
    expect(() => openFeed(url)).toThrow(message);
    expect(() => openFeed(url)).not.toThrow(/hunter2/);
  });

  it('makes no traffic, and a feed that was closed makes none any more', async () => {
    const { feed, requests, sockets } = open();
    const events = feed.events();
    expect(feed.status).toEqual({ state: 'idle' });
    await feed.close();
    expect(await events.next()).toEqual({ done: true, value: undefined });
    expect(() => feed.events()).toThrow(/the feed is closed/);
    expect(() => feed.tags()).toThrow(/the feed is closed/);
    expect([requests.seen, sockets.seen]).toEqual([[], []]);
    expect(feed.status).toEqual({ state: 'closed', error: null });
  });

  it('ends every stream when it is closed, and by `await using`', async () => {
    const { feed, sockets } = open();
    const results = [feed.events().next(), feed.events({ tag: 'x' }).next()];
    const opened = [await sockets.next(), await sockets.next()];
    await feed[Symbol.asyncDispose]();
    expect(await Promise.all(results)).toEqual(Array(2).fill({ done: true, value: undefined }));
    expect(opened.map(({ closedWith }) => closedWith)).toEqual([1_000, 1_000]);
  });

  it('ends one stream by its signal, before and after it began', async () => {
    const { feed, sockets } = open();
    const over = new AbortController();
    const next = feed.events({}, { signal: over.signal }).next();
    const socket = await sockets.next();
    over.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(socket.closedWith).toBe(1_000);
    expect(await feed.events({}, { signal: over.signal }).next()).toEqual({ done: true, value: undefined });
    expect(sockets.seen.length).toBe(1);
  });

  it('lends its store to one stream at a time', async () => {
    const { feed, sockets } = open({ store });
    const first = feed.events();
    void first.next();
    await sockets.next();
    await expect(feed.events().next()).rejects.toMatchObject({ code: 'STORE' });
    await first.return?.();
    void feed.events().next();
    await sockets.next();
    const table = feed.tags();
    await sockets.next();
    await Promise.all([table.close(), feed.close()]);
  });

  it('refuses a second `next` before the first has resolved', async () => {
    const { feed } = open();
    const events = feed.events();
    const first = events.next();
    await expect(events.next()).rejects.toThrow(TypeError);
    await feed.close();
    await first;
  });

  it('ends a wait by `reconnect`', async () => {
    const { feed, sockets, requests } = open({ random: () => 0.9 });
    void feed.events().next();
    (await sockets.next()).closes(1006);
    (await requests.next()).fail();
    await vi.waitFor(() => expect(feed.status.state).toBe('waiting'));
    feed.reconnect();
    await sockets.next();
    await feed.close();
  });

  it('takes a Date as the time to begin at', async () => {
    const { feed, sockets } = open();
    void feed.events({}, { since: new Date(0) }).next();
    const socket = await sockets.next();
    socket.open();
    expect(JSON.parse(socket.sent[0] ?? '')).toMatchObject({ since: '1970-01-01T00:00:00.000Z' });
    await feed.close();
  });
});

describe('the status', () => {
  const transport = 'sse';
  const why = new FeedError('NETWORK', 'broken');

  it('is that of the stream that is worst off, told once', () => {
    const board = new StatusBoard();
    const told: string[] = [];
    const stop = board.on(({ state }) => told.push(state));
    const [first, second] = [board.enter(), board.enter()];
    first.set({ state: 'connecting', transport });
    second.set({ state: 'connecting', transport });
    first.set({ state: 'live', transport });
    second.set({ state: 'live', transport });
    first.set({ state: 'waiting', untilMs: 1, why });
    first.set({ state: 'waiting', untilMs: 2, why });
    first.leave(null);
    second.leave(new FeedError('DENIED', 'no'));
    stop();
    board.close();
    expect(told).toEqual(['connecting', 'live', 'waiting', 'waiting', 'live', 'closed']);
    expect(board.now).toEqual({ state: 'closed', error: null });
  });

  it('reaches the other listeners though one throws', async () => {
    const board = new StatusBoard();
    const told: string[] = [];
    const thrown = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {});
    board.on(() => {
      throw new Error('of a listener');
    });
    board.on(({ state }) => told.push(state));
    board.close();
    expect(told).toEqual(['closed']);
    expect(thrown).toHaveBeenCalledTimes(1);
    thrown.mockRestore();
  });
});

describe('the wake-ups of a page', () => {
  function fakePage(visibilityState: string) {
    const page = new EventTarget();
    const document = Object.assign(new EventTarget(), { visibilityState });
    return { page: Object.assign(page, { document }), document };
  }

  it('are the network and the tab coming back', () => {
    const { page, document } = fakePage('hidden');
    let wakes = 0;
    const stop = pageWakeUps(page)(() => wakes++);
    page.dispatchEvent(new Event('online'));
    expect(wakes).toBe(1);
    document.dispatchEvent(new Event('visibilitychange'));
    expect(wakes).toBe(1);
    document.visibilityState = 'visible';
    document.dispatchEvent(new Event('visibilitychange'));
    expect(wakes).toBe(2);
    stop();
    page.dispatchEvent(new Event('online'));
    document.dispatchEvent(new Event('visibilitychange'));
    expect(wakes).toBe(2);
  });

  it('are heard only while there are streams', () => {
    let heard = 0;
    const bell = new Bell(() => {
      heard++;
      return () => heard--;
    });
    bell.enter();
    bell.enter();
    expect(heard).toBe(1);
    bell.leave();
    expect(heard).toBe(1);
    bell.leave();
    expect(heard).toBe(0);
  });

  it('are none where there is no page', () => {
    expect(() => pageWakeUps()(() => {})()).not.toThrow();
  });
});

describe('a wait that the gateway asks for', () => {
  it.each([
    [null, null],
    ['', null],
    ['7', 7_000],
    ['0', null],
    ['soon', null],
    ['999999', 600_000],
    ['Thu, 01 Jan 1970 00:01:00 GMT', 50_000],
    ['Thu, 01 Jan 1970 00:00:01 GMT', null],
  ])('in Retry-After: %s', (text, ms) => {
    expect(retryAfterOf(text, 10_000)).toBe(ms);
  });

  it('in a bye is bounded too, and never none', () => {
    expect([boundedRetry(null), boundedRetry(0), boundedRetry(5), boundedRetry(1e12)]).toEqual([
      null,
      null,
      5,
      600_000,
    ]);
  });
});
