import { describe, expect, it } from 'vitest';
import { FeedError, networkError } from '../../../client/src/feed-error.ts';
import { maxEntries } from '../../../client/src/stream/buffer.ts';
import { lost } from '../../../client/src/transport/transport.ts';
import { bring, changeOf, nextOf, playStream, ready, rowOf } from '../../support/client-stream.ts';

const broken = () => lost(networkError('broken'));
const refused = (code: string, parts: object = {}) => lost(new FeedError(code, code, parts));

describe('a stream', () => {
  it('makes no traffic before the first event is asked for', async () => {
    const { opened, events } = playStream();
    await Promise.resolve();
    expect(opened.seen).toEqual([]);
    void events.next();
    await opened.next();
  });

  it('resumes after what was delivered, and drops what comes twice', async () => {
    const { clock, opened, events } = playStream();
    const first = events.next();
    const before = await opened.next();
    expect(before.ask.start).toEqual({ after: null, since: null, snapshot: false });
    ready(before, 'e-19');
    expect((await first).value).toMatchObject({ kind: 'ready' });
    // The pace held 20 back, so nothing after 19 is safe yet.
    bring(before, changeOf(21), 'e-19');
    expect(await nextOf(events)).toMatchObject({ change: { position: 'e-21' } });
    before.end(broken());
    const next = nextOf(events);
    await clock.untilWaiting(1);
    clock.advance(500);
    const after = await opened.next();
    expect(after.ask.start.after).toBe('e-19');
    bring(after, changeOf(20));
    bring(after, changeOf(21));
    bring(after, changeOf(22));
    expect(await next).toMatchObject({ change: { position: 'e-20' } });
    expect(await nextOf(events)).toMatchObject({ change: { position: 'e-22' } });
  });

  it('waits a random time that doubles up to a minute, and begins again only after a good connection', async () => {
    const { clock, opened, events, statuses } = playStream({ random: () => 0.999 });
    void events.next();
    const waits: number[] = [];
    const loseAndWait = async (lasting: number) => {
      const connection = await opened.next();
      ready(connection, 'e-1');
      clock.advance(lasting);
      connection.end(broken());
      const status = await statuses.until((each) => each.state === 'waiting');
      if (status.state !== 'waiting') return;
      waits.push(Math.round((status.untilMs - clock.now()) / 100) / 10);
      await clock.untilWaiting(1);
      clock.advance(60_000);
    };
    for (let n = 0; n < 8; n++) await loseAndWait(9_999);
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 59.9, 59.9]);
    await loseAndWait(10_000);
    expect(waits.at(-1)).toBe(1);
  });

  it('waits as long as the gateway asks, and not again after the machine has slept', async () => {
    const { clock, opened, events, statuses } = playStream();
    void events.next();
    (await opened.next()).end(refused('DRAINING', { retryMs: 30_000 }));
    const status = await statuses.until((each) => each.state === 'waiting');
    expect(status).toMatchObject({ untilMs: clock.now() + 30_000, why: { code: 'DRAINING' } });
    await clock.untilWaiting(1);
    // A laptop sleeps: the wall clock jumps, and timers stand still.
    clock.setWall(clock.now() + 3_600_000);
    clock.advance(5_000);
    await opened.next();
  });

  it('does not wait longer if the wall clock steps back', async () => {
    const { clock, opened, events } = playStream();
    void events.next();
    (await opened.next()).end(refused('UNAVAILABLE', { retryMs: 30_000 }));
    await clock.untilWaiting(1);
    clock.setWall(0);
    for (let second = 0; second < 30; second += 5) {
      clock.advance(5_000);
    }
    await opened.next();
  });

  it('connects at once when the bell rings', async () => {
    const { clock, opened, events, bell } = playStream();
    void events.next();
    (await opened.next()).end(refused('DRAINING', { retryMs: 600_000 }));
    await clock.untilWaiting(1);
    bell.ring();
    await opened.next();
  });

  it('goes on after a code that it does not know, and ends after one that means no', async () => {
    const { clock, opened, events } = playStream();
    const next = events.next();
    (await opened.next()).end(refused('SOMETHING_NEW'));
    await clock.untilWaiting(1);
    clock.advance(60_000);
    (await opened.next()).end(refused('DENIED', { status: 403 }));
    await expect(next).rejects.toMatchObject({ code: 'DENIED', status: 403 });
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it('gives what came before a refusal first', async () => {
    const { opened, events } = playStream();
    const first = events.next();
    const connection = await opened.next();
    ready(connection, 'e-1');
    bring(connection, changeOf(2));
    connection.end(refused('DENIED'));
    await first;
    expect(await nextOf(events)).toMatchObject({ kind: 'change' });
    await expect(events.next()).rejects.toMatchObject({ code: 'DENIED' });
  });

  it('asks the token function at each connection, and once more after UNAUTHORIZED', async () => {
    const tokens = ['old', 'new', 'newest'];
    const { clock, opened, events } = playStream({ token: () => Promise.resolve(tokens.shift() ?? null) });
    const next = events.next();
    const first = await opened.next();
    first.end(refused('UNAUTHORIZED'));
    await clock.untilWaiting(1);
    clock.advance(1_000);
    const second = await opened.next();
    ready(second, 'e-1');
    await next;
    second.end(broken());
    const later = events.next();
    await clock.untilWaiting(1);
    clock.advance(60_000);
    const third = await opened.next();
    expect([first, second, third].map(({ ask }) => ask.token)).toEqual(['old', 'new', 'newest']);
    third.end(refused('UNAUTHORIZED'));
    await clock.untilWaiting(1);
    clock.advance(60_000);
    (await opened.next()).end(refused('UNAUTHORIZED'));
    await expect(later).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('waits longer each time if a gateway is ready and then refuses the token, again and again', async () => {
    const { clock, opened, events, statuses } = playStream({ token: () => 'short-lived', random: () => 1 });
    void events.next();
    for (const most of [1_000, 2_000, 4_000]) {
      const connection = await opened.next();
      ready(connection, 'e-1');
      connection.end(refused('UNAUTHORIZED'));
      const waiting = await statuses.until(({ state }) => state === 'waiting');
      expect(waiting).toMatchObject({ untilMs: clock.now() + most, why: { code: 'UNAUTHORIZED' } });
      await clock.untilWaiting(1);
      clock.advance(most);
    }
    await events.return();
  });

  it('takes an empty position as none, as the gateway does', async () => {
    const { opened, events } = playStream({ filter: { snapshot: true }, after: '' });
    void events.next();
    expect((await opened.next()).ask.start).toEqual({ after: null, since: null, snapshot: true });
    await events.return();
  });

  it('ends at once if a token that cannot change is refused', async () => {
    const { opened, events } = playStream({ token: 'fixed' });
    const next = events.next();
    (await opened.next()).end(refused('UNAUTHORIZED'));
    await expect(next).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('tries again if the token function fails, or never answers', async () => {
    const answers = [
      () => Promise.reject(new Error('no')),
      () => new Promise<string>(() => {}),
      () => 'here',
    ];
    const { clock, opened, events, statuses } = playStream({ token: () => answers.shift()?.() ?? null });
    void events.next();
    const why = async () => {
      const status = await statuses.until((each) => each.state === 'waiting');
      return status.state === 'waiting' ? status.why.code : null;
    };
    expect(await why()).toBe('NETWORK');
    await clock.untilWaiting(1);
    clock.advance(60_000);
    await clock.untilWaiting(1);
    clock.advance(30_000);
    expect(await why()).toBe('TIMEOUT');
    await clock.untilWaiting(1);
    clock.advance(60_000);
    expect((await opened.next()).ask.token).toBe('here');
  });

  it('takes the snapshot anew if the connection is lost before it is complete', async () => {
    const { clock, opened, events } = playStream({ filter: { snapshot: true } });
    const first = nextOf(events);
    const before = await opened.next();
    expect(before.ask.start.snapshot).toBe(true);
    before.receiver.take({ kind: 'state', row: rowOf('a') }, 10);
    bring(before, changeOf(5));
    expect(await first).toEqual({ kind: 'snapshot' });
    before.end(broken());
    expect(await nextOf(events)).toMatchObject({ kind: 'state' });
    expect(await nextOf(events)).toMatchObject({ kind: 'change' });
    const next = nextOf(events);
    await clock.untilWaiting(1);
    clock.advance(60_000);
    const after = await opened.next();
    expect(after.ask.start).toEqual({ after: null, since: null, snapshot: true });
    ready(after, 'e-9');
    expect(await next).toEqual({ kind: 'snapshot' });
    expect(await nextOf(events)).toMatchObject({ kind: 'ready' });
    after.end(broken());
    void events.next();
    await clock.untilWaiting(1);
    clock.advance(60_000);
    expect((await opened.next()).ask.start).toEqual({ after: 'e-9', since: null, snapshot: false });
  });

  it('connects anew for a snapshot after a reset, but not at once: a reset reaches everyone', async () => {
    const { clock, opened, events, statuses } = playStream({ filter: { snapshot: true }, after: 'old-7' });
    const first = nextOf(events);
    const before = await opened.next();
    expect(before.ask.start).toEqual({ after: 'old-7', since: null, snapshot: false });
    const reset = { kind: 'reset', reason: 'epoch', position: 'e-3', floor: 'e-1' } as const;
    before.receiver.take(reset, 10);
    expect(before.signal.aborted).toBe(true);
    bring(before, changeOf(4));
    before.end(broken());
    expect(await first).toEqual(reset);
    const next = nextOf(events);
    expect(await statuses.until((each) => each.state === 'waiting')).toMatchObject({
      why: { code: 'POSITION_GONE' },
    });
    await clock.untilWaiting(1);
    clock.advance(60_000);
    const after = await opened.next();
    expect(after.ask.start).toEqual({ after: null, since: null, snapshot: true });
    ready(after, 'e-5');
    expect([await next, await nextOf(events)]).toMatchObject([{ kind: 'snapshot' }, { kind: 'ready' }]);
  });

  it('goes on after a reset without a snapshot where the gateway goes on', async () => {
    const { clock, opened, events } = playStream({ after: 'old-7' });
    void events.next();
    const before = await opened.next();
    before.receiver.take({ kind: 'reset', reason: 'below-floor', position: 'e-3', floor: 'e-1' }, 10);
    before.end(broken());
    await clock.untilWaiting(1);
    clock.advance(60_000);
    expect((await opened.next()).ask.start.after).toBe('e-3');
  });

  it('begins at a time until it has a position', async () => {
    const { clock, opened, events } = playStream({ since: '2026-01-01T00:00:00Z' });
    void events.next();
    (await opened.next()).end(broken());
    await clock.untilWaiting(1);
    clock.advance(60_000);
    const second = await opened.next();
    expect(second.ask.start).toMatchObject({ after: null, since: '2026-01-01T00:00:00Z' });
    second.receiver.take({ kind: 'bookmark', position: 'e-4' }, 5);
    second.end(broken());
    await clock.untilWaiting(1);
    clock.advance(60_000);
    expect((await opened.next()).ask.start).toEqual({ after: 'e-4', since: null, snapshot: false });
  });

  it('resumes without a wait once there is room, after a connection that brought too much', async () => {
    const { opened, events, stream } = playStream();
    const first = events.next();
    const before = await opened.next();
    ready(before, 'e-0');
    await first;
    for (let sequence = 1; !before.receiver.isFull; sequence++) bring(before, changeOf(sequence));
    before.end({ kind: 'full' });
    for (let read = 0; read < maxEntries / 2; read++) await events.next();
    const after = await opened.next();
    expect(after.ask.start.after).toBe(`e-${maxEntries}`);
    expect(stream.buffer.isFull).toBe(false);
  });

  it('takes a snapshot that comes too fast in pages, and then goes back to its own transport', async () => {
    const { opened, events } = playStream({ filter: { snapshot: true } });
    const first = events.next();
    const before = await opened.next();
    for (let row = 0; !before.receiver.isFull; row++)
      before.receiver.take({ kind: 'state', row: rowOf(`${row}`) }, 10);
    before.end({ kind: 'full' });
    await first;
    for (let read = 0; read < maxEntries / 2; read++) await events.next();
    const pages = await opened.next();
    expect([before.name, pages.name, pages.ask.start.snapshot]).toEqual(['websocket', 'long-poll', true]);
    ready(pages, 'e-8');
    expect(pages.signal.aborted).toBe(true);
    pages.end(broken());
    // The new rows had to wait for room, too.
    for (let read = 0; read < 5; read++) await events.next();
    const after = await opened.next();
    expect([after.name, after.ask.start.after]).toEqual(['websocket', 'e-8']);
  });

  it('goes on to the next transport after two connections that did not come through, one after the other', async () => {
    const { clock, opened, events } = playStream();
    void events.next();
    const names: string[] = [];
    const play = async (isBlocked: boolean, isReady = false) => {
      const connection = await opened.next();
      names.push(connection.name);
      if (isReady) ready(connection, 'e-1');
      connection.end(lost(networkError('broken'), isBlocked));
      await clock.untilWaiting(1);
      clock.advance(60_000);
    };
    await play(true);
    await play(false, true);
    await play(true);
    await play(false);
    await play(true);
    await play(true);
    await play(true);
    await play(false);
    expect(names.join(' ')).toBe('websocket websocket websocket websocket websocket sse sse long-poll');
  });

  it('ends when it is stopped, whatever it does', async () => {
    const { opened, events, statuses } = playStream();
    const next = events.next();
    const connection = await opened.next();
    await events.return();
    expect(connection.signal.aborted).toBe(true);
    expect(await next).toEqual({ done: true, value: undefined });
    connection.end(broken());
    bring(connection, changeOf(1));
    expect(await events.next()).toEqual({ done: true, value: undefined });
    await statuses.until(({ state }) => state === 'idle');
  });
});
