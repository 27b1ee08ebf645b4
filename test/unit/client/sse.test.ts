import { describe, expect, it } from 'vitest';
import { firstByteMs, sseTransport } from '../../../client/src/transport/sse.ts';
import { type Asked, askFor, FakeReceiver, playNetwork } from '../../support/client-network.ts';
import { changeOf, rowOf } from '../../support/client-stream.ts';

async function connect(members: Parameters<typeof askFor>[0] = {}) {
  const network = playNetwork();
  const receiver = new FakeReceiver();
  const over = new AbortController();
  const ending = sseTransport(network.parts)(askFor(members), receiver, over.signal);
  return { ...network, receiver, over, ending, asked: await network.requests.next() };
}

const block = (event: string, data: object, id = '') =>
  `${event === '' ? '' : `event: ${event}\n`}${id === '' ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;

describe('SSE over fetch', () => {
  it('asks with the filter in the query and the token in a header', async () => {
    const { asked } = await connect({ start: { after: 'e-7', since: null, snapshot: false } });
    expect(asked.url.href).toBe('https://gateway.test/prefix/v1/events?repository=r.test%2Fapp&after=e-7');
    expect(asked.init.headers).toEqual({ accept: 'text/event-stream', authorization: 'Bearer secret' });
  });

  it('hands on events, and ids without an event as bookmarks, however the bytes are cut', async () => {
    const text = [
      'retry: 3624\n\n',
      block('state', rowOf('a')),
      block('ready', { position: 'e-1', heartbeatMs: 20_000 }, 'e-1'),
      block('', changeOf(3), 'e-2'),
      'id: e-4\n\n',
      ':\n\n',
      'id: e-5\n\n',
      block('of a later version', {}),
      block('reset', { reason: 'below-floor', position: 'e-8', floor: 'e-6' }, 'e-8'),
    ].join('');
    for (const size of [1, 7, text.length]) {
      const { asked, receiver, ending } = await connect();
      const stream = asked.stream();
      for (let at = 0; at < text.length; at += size) stream.send(text.slice(at, at + size));
      stream.end();
      expect(await ending).toMatchObject({ error: { code: 'NETWORK' }, isBlocked: false });
      expect(receiver.inbox.seen).toEqual([
        { kind: 'state', row: rowOf('a') },
        { kind: 'ready', position: 'e-1', heartbeatMs: 20_000 },
        { kind: 'change', resume: 'e-2', change: changeOf(3) },
        { kind: 'bookmark', position: 'e-4' },
        { kind: 'bookmark', position: 'e-5' },
        { kind: 'reset', reason: 'below-floor', position: 'e-8', floor: 'e-6' },
      ]);
    }
  });

  it('reads a refusal that may pass from a bye', async () => {
    const { asked, ending } = await connect();
    const bye = { reason: 'TOO_MANY_CONNECTIONS', position: null, retryMs: 4_000 };
    asked.stream().send(`retry: 4000\n\n${block('bye', bye)}`);
    expect(await ending).toMatchObject({ error: { code: 'TOO_MANY_CONNECTIONS', retryMs: 4_000 } });
  });

  it('reads a refusal for good from the status', async () => {
    const { asked, ending } = await connect();
    asked.answer(401, { errors: [{ code: 'UNAUTHORIZED', message: 'no', detail: null }] });
    expect(await ending).toMatchObject({ error: { code: 'UNAUTHORIZED', status: 401, retryable: false } });
  });

  it("takes a proxy's page for a fault that may pass", async () => {
    for (const status of [404, 200]) {
      const { asked, requests, ending } = await connect();
      asked.answer(status, '<html>', { 'content-type': 'text/html' });
      (await requests.next()).answer(status, '<html>', { 'content-type': 'text/html' });
      expect(await ending).toMatchObject({ error: { code: 'PROTOCOL', retryable: true }, isBlocked: false });
    }
  });

  it('stops reading while the receiver is full, and silence means nothing then', async () => {
    const { asked, clock, receiver, ending } = await connect();
    const stream = asked.stream();
    stream.send(block('ready', { position: 'e-1', heartbeatMs: 1_000 }, 'e-1'));
    await receiver.inbox.next();
    receiver.isFull = true;
    stream.send(block('', changeOf(2), 'e-2'));
    stream.send(block('', changeOf(3), 'e-3'));
    // The chunk that came is held, and no further one is read.
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    expect([stream.reads(), receiver.inbox.seen.length]).toEqual([2, 1]);
    clock.advance(60_000);
    receiver.drain();
    expect(await receiver.inbox.next()).toMatchObject({ resume: 'e-2' });
    expect(await receiver.inbox.next()).toMatchObject({ resume: 'e-3' });
    clock.advance(60_000);
    expect(await ending).toMatchObject({ error: { code: 'TIMEOUT' }, isBlocked: false });
  });

  it('is blocked if not one byte comes, and HTTP reaches the gateway: a proxy collects the stream', async () => {
    const { asked, requests, clock, ending } = await connect();
    asked.stream();
    clock.advance(firstByteMs);
    const question = await requests.next();
    expect(`${question.url.pathname}${question.url.search}`).toBe(
      '/prefix/v2/updates?repository=r.test%2Fapp&n=0',
    );
    question.answer(200, '[]');
    expect(await ending).toMatchObject({ error: { code: 'TIMEOUT' }, isBlocked: true });
  });

  it('is not blocked if the gateway is silent altogether', async () => {
    const { asked, requests, clock, ending } = await connect();
    asked.stream();
    clock.advance(firstByteMs);
    await requests.next();
    for (let second = 0; second < 15; second += 5) {
      await clock.untilWaiting(1);
      clock.advance(5_000);
    }
    expect(await ending).toMatchObject({ error: { code: 'TIMEOUT' }, isBlocked: false });
  });

  it.each([
    ['ends it at once', (asked: Asked) => asked.stream().end()],
    ['answers it itself, too late', (asked: Asked) => asked.answer(504, '<html>')],
    ['forbids it', (asked: Asked) => asked.answer(403, '<html>')],
  ])('is blocked by a proxy that %s', async (_what, act) => {
    const { asked, requests, ending } = await connect();
    act(asked);
    (await requests.next()).answer(200, '[]');
    expect(await ending).toMatchObject({ kind: 'lost', isBlocked: true });
  });

  it('is not blocked if the line falls silent later', async () => {
    const { asked, clock, receiver, ending } = await connect();
    const stream = asked.stream();
    stream.send(block('ready', { position: 'e-1', heartbeatMs: 20_000 }, 'e-1'));
    await receiver.inbox.next();
    clock.advance(70_000);
    expect(await ending).toMatchObject({ error: { code: 'TIMEOUT' }, isBlocked: false });
  });

  it('gives up an event without end', async () => {
    const { asked, ending } = await connect();
    asked.stream().send(`data: ${'x'.repeat(1_100_000)}`);
    expect(await ending).toMatchObject({ error: { code: 'PROTOCOL' } });
  });

  it('leaves when it is told to', async () => {
    const { asked, over, ending } = await connect();
    asked.stream();
    over.abort();
    expect(asked.init.signal.aborted).toBe(true);
    expect(await ending).toMatchObject({ kind: 'lost' });
  });
});
