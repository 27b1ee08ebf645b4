import { describe, expect, it } from 'vitest';
import type { FeedError } from '../../../client/src/index.ts';
import { longPollTransport, resumesOf } from '../../../client/src/transport/long-poll.ts';
import { type Asked, askFor, FakeReceiver, playNetwork } from '../../support/client-network.ts';
import { changeOf, rowOf } from '../../support/client-stream.ts';

function connect(members: Parameters<typeof askFor>[0] = {}) {
  const network = playNetwork();
  const receiver = new FakeReceiver();
  const over = new AbortController();
  const transport = longPollTransport(network.parts);
  const open = () => transport(askFor(members), receiver, over.signal);
  return { ...network, receiver, over, open, ending: open() };
}

const starting = (after: string | null, since: string | null = null, snapshot = false) => ({
  start: { after, since, snapshot },
});
const link = (position: string) => ({ link: `</v2/updates?x=1&after=${position}>; rel="next"` });
const query = ({ url }: Asked) =>
  Object.fromEntries([...url.searchParams].filter(([name]) => name !== 'repository'));
const refusal = (code: string, detail: object | null = null) => ({
  errors: [{ code, message: 'no', detail }],
});
const update = (sequence: number) => ({ ...changeOf(sequence), timestamp: 'of the proposal' });

describe('long-poll', () => {
  it('begins live at the head, and asks again after what it has', async () => {
    const { requests, receiver } = connect();
    const head = await requests.next();
    expect(query(head)).toEqual({ n: '0' });
    head.answer(200, '[]', link('e-7'));
    expect(await receiver.inbox.next()).toMatchObject({ kind: 'ready', position: 'e-7' });
    const first = await requests.next();
    expect(query(first)).toEqual({ after: 'e-7', n: '500', wait: '20s' });
    first.answer(200, [update(8), update(9)], link('e-10'));
    expect(await receiver.inbox.next()).toEqual({ kind: 'change', resume: 'e-8', change: changeOf(8) });
    expect(await receiver.inbox.next()).toEqual({ kind: 'change', resume: 'e-10', change: changeOf(9) });
    const second = await requests.next();
    expect(query(second).after).toBe('e-10');
    second.answer(200, '[]', link('e-12'));
    expect(await receiver.inbox.next()).toEqual({ kind: 'bookmark', position: 'e-12' });
  });

  it('is ready once it has read up to where the head was, and does not wait before', async () => {
    const { requests, receiver } = connect(starting('e-1'));
    (await requests.next()).answer(200, '[]', link('e-9'));
    const first = await requests.next();
    expect(query(first)).toEqual({ after: 'e-1', n: '500' });
    first.answer(200, [update(5)], link('e-5'));
    await receiver.inbox.until(({ kind }) => kind === 'change');
    const second = await requests.next();
    expect(query(second).wait).toBeUndefined();
    second.answer(200, '[]', link('e-9'));
    await receiver.inbox.until(({ kind }) => kind === 'ready');
    expect(query(await requests.next()).wait).toBe('20s');
  });

  it('begins at a time, and then goes on after positions', async () => {
    const since = '2026-01-01T00:00:00Z';
    const { requests } = connect(starting(null, since));
    (await requests.next()).answer(200, '[]', link('e-9'));
    const first = await requests.next();
    expect(query(first)).toEqual({ since, n: '500' });
    first.answer(200, '[]', link('e-9'));
    expect(query(await requests.next())).toMatchObject({ after: 'e-9' });
  });

  it('tells a reset, and goes on where the gateway says', async () => {
    const { requests, receiver } = connect(starting('old-1'));
    (await requests.next()).answer(200, '[]', link('e-9'));
    const detail = { reason: 'epoch', position: 'e-9', floor: 'e-2' };
    (await requests.next()).answer(410, refusal('POSITION_GONE', detail));
    expect(await receiver.inbox.next()).toEqual({ kind: 'reset', ...detail });
    expect(await receiver.inbox.next()).toMatchObject({ kind: 'ready', position: 'e-9' });
    expect(query(await requests.next()).after).toBe('e-9');
  });

  it('reads a snapshot in pages, after the head and before the changes', async () => {
    const { requests, receiver } = connect(starting(null, null, true));
    (await requests.next()).answer(200, '[]', link('e-7'));
    const first = await requests.next();
    expect([first.url.pathname, query(first)]).toEqual(['/prefix/v1/tags', { n: '1000' }]);
    first.answer(200, { tags: [rowOf('a')], next: 'c1' });
    const second = await requests.next();
    expect(query(second)).toEqual({ n: '1000', cursor: 'c1' });
    receiver.isFull = true;
    second.answer(200, { tags: [rowOf('b')], next: 'c2' });
    await receiver.inbox.until((message) => message.kind === 'state' && message.row.tag === 'b');
    receiver.drain();
    (await requests.next()).answer(200, { tags: [], next: null });
    await receiver.inbox.until(({ kind }) => kind === 'ready');
  });

  it('waits for less where the operator allows less, and remembers that', async () => {
    const { requests, clock } = connect();
    (await requests.next()).answer(200, '[]', link('e-7'));
    for (const wait of ['20s', '10s']) {
      const asked = await requests.next();
      expect(query(asked).wait).toBe(wait);
      asked.answer(400, refusal('PARAMETER_INVALID', { parameter: 'wait' }));
    }
    const asked = await requests.next();
    expect(query(asked).wait).toBe('5s');
    clock.advance(5_000);
    asked.answer(200, '[]', link('e-7'));
    expect(query(await requests.next()).wait).toBe('5s');
  });

  it('waits from the start after a gateway did not answer in time', async () => {
    const { requests, ending, open } = connect(starting('e-1'));
    (await requests.next()).answer(200, '[]', link('e-9'));
    (await requests.next()).answer(503, refusal('UNAVAILABLE'), { 'retry-after': '2' });
    expect(await ending).toMatchObject({ error: { code: 'UNAVAILABLE', retryMs: 2_000 } });
    void open();
    (await requests.next()).answer(200, '[]', link('e-9'));
    expect(query(await requests.next()).wait).toBe('20s');
  });

  it('waits if what answers is behind the gateway that named the head', async () => {
    const { requests } = connect(starting('e-1'));
    (await requests.next()).answer(200, '[]', link('e-9'));
    const first = await requests.next();
    expect(query(first).wait).toBeUndefined();
    first.answer(200, '[]', link('e-1'));
    expect(query(await requests.next()).wait).toBe('20s');
  });

  it('does not ask at once, again and again, what something answers at once without a change', async () => {
    const { requests, ending } = connect();
    (await requests.next()).answer(200, '[]', link('e-7'));
    (await requests.next()).answer(200, '[]', link('e-7'));
    expect(await ending).toMatchObject({
      error: { code: 'PROTOCOL', message: expect.stringContaining('came at once'), retryable: true },
    });
    expect(requests.seen.length).toBe(2);
  });

  it('goes on if an answer without a change came after a while', async () => {
    const { requests, clock } = connect();
    (await requests.next()).answer(200, '[]', link('e-7'));
    const asked = await requests.next();
    clock.advance(1_000);
    asked.answer(200, '[]', link('e-7'));
    expect(query(await requests.next())).toMatchObject({ after: 'e-7', wait: '20s' });
  });

  it('comes back later if two gateways that do not share a ledger answer in turn', async () => {
    const { requests, receiver, ending } = connect(starting('a-1'));
    (await requests.next()).answer(200, '[]', link('a-9'));
    const toB = { reason: 'epoch', position: 'b-9', floor: 'b-2' };
    (await requests.next()).answer(410, refusal('POSITION_GONE', toB));
    const toA = { reason: 'epoch', position: 'a-9', floor: 'a-2' };
    (await requests.next()).answer(410, refusal('POSITION_GONE', toA));
    expect(await ending).toMatchObject({ error: { code: 'POSITION_GONE', retryable: true } });
    expect(receiver.inbox.seen.map(({ kind }) => kind)).toEqual(['reset', 'ready']);
  });

  it('asks for what an empty list matches, which is refused, and not for everything', async () => {
    const { requests } = connect({ filter: { repository: [], tag: ['a', 'b'] } });
    expect((await requests.next()).url.search).toBe('?repository=&tag=a&tag=b&n=0');
  });

  it('ends with TIMEOUT if no answer comes 30 s after it should', async () => {
    const { requests, clock, ending } = connect();
    (await requests.next()).answer(200, '[]', link('e-7'));
    const asked = await requests.next();
    for (let second = 0; second < 50; second += 5) {
      expect(asked.init.signal.aborted).toBe(false);
      await clock.untilWaiting(1);
      clock.advance(5_000);
    }
    expect(await ending).toMatchObject({ error: { code: 'TIMEOUT' } });
  });

  it.each([
    ['no Link', '[]', {}, /Link/],
    ['no list', '{}', link('e-7'), /must be a JSON list/],
    ['too much', ' '.repeat(8 * 1024 * 1024 + 1), link('e-7'), /must be shorter/],
  ])('does not take an answer with %s', async (_what, body, headers, message) => {
    const { requests, ending } = connect();
    (await requests.next()).answer(200, body, headers);
    const { kind, ...rest } = await ending;
    expect(kind).toBe('lost');
    const { error }: { error?: FeedError } = rest;
    expect([error?.code, error?.message]).toEqual(['PROTOCOL', expect.stringMatching(message)]);
  });
});

describe('the resume positions of an answer', () => {
  it('pass no change that is still to come', () => {
    const at = (...sequences: readonly number[]) => sequences.map((sequence) => changeOf(sequence));
    expect(resumesOf(at(8, 9), 'e-12')).toEqual(['e-8', 'e-12']);
    // Held back by the pace, 20 comes after 21.
    expect(resumesOf(at(21, 22, 20), 'e-22')).toEqual(['e-19', 'e-19', 'e-22']);
    // 30 is ahead of what the answer is complete up to.
    expect(resumesOf(at(21, 30), 'e-25')).toEqual(['e-25', 'e-25']);
    expect(resumesOf([], 'e-3')).toEqual([]);
  });
});
