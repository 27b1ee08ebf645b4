import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { digest, type Gateway, hurried, startGateway } from '../../support/gateway.ts';
import { openRaw } from '../../support/raw-http.ts';
import { openSse, type SseClient, sseRequest } from '../../support/sse-client.ts';
import { of, type Params, RefusedError } from '../../support/stream-client.ts';

let gateway: Gateway;
const opened: { close(): void }[] = [];

beforeAll(async () => {
  const settings = {
    cors: { origins: ['https://page.test'] },
    retention: { maxChanges: 5 },
    limits: { heartbeatInterval: '1s' },
  };
  gateway = await startGateway(settings, { clock: hurried(30_000) });
  for (let n = 1; n <= 20; n++) await push(`seed${n}`);
});
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});
afterAll(() => gateway.close());

const roads = ['front', 'ordinary'] as const;
const push = (tag: string) => gateway.publish({ reference: `r.test/app:${tag}`, digest: digest(tag) });

async function open(params: Params = {}, options: Parameters<typeof openSse>[2] = {}): Promise<SseClient> {
  const client = await openSse(gateway.port, params, options);
  opened.push(client);
  return client;
}

async function headPosition(): Promise<{ epoch: string; head: number }> {
  const client = await open();
  const [epoch = '', head] = (await client.inbox.until(of('ready'))).position.split('-');
  return { epoch, head: Number(head) };
}

it('G12: a subscriber whose lifetime is over gets bye with its position, and comes back', async () => {
  const short = await startGateway({ limits: { connectionLifetime: '1s', heartbeatInterval: '1s' } });
  const client = await openSse(short.port);
  const { position } = await client.inbox.until(of('ready'));
  const bye = await client.inbox.until(of('bye'));
  expect(bye).toMatchObject({ reason: 'LIFETIME', position });
  expect(client.retries.at(-1)).toBe(bye.retryMs);
  await client.closed;
  const again = await openSse(short.port, {}, { headers: { 'Last-Event-ID': client.lastEventId() } });
  await again.inbox.until(of('ready'));
  again.close();
  await short.close();
});

describe.each(roads)('the stream on the %s road', (road) => {
  it('has the headers that proxies and caches need', async () => {
    const { headers } = await open({}, { road });
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
  });

  it('begins with a retry of its own for each client', async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => open({}, { road })));
    for (const client of clients) await client.inbox.until(of('ready'));
    const retries = clients.map((client) => client.retries[0] ?? 0);
    expect(new Set(retries).size).toBeGreaterThan(4);
    for (const retry of retries) expect(retry).toBeGreaterThanOrEqual(1_000);
    const raw = await openRaw(gateway.port);
    opened.push(raw);
    raw.send(sseRequest(gateway.port, {}, { road }));
    expect(await raw.until('event: ready')).toMatch(/\r\n\r\nretry: \d+\n\nevent: ready\n/);
  });

  it('Last-Event-ID wins over after and since', async () => {
    const { epoch, head } = await headPosition();
    await push(`wins-${road}-1`);
    await push(`wins-${road}-2`);
    const headers = { 'Last-Event-ID': `${epoch}-${head + 1}` };
    for (const params of [{ after: `${epoch}-${head}` }, { since: '2020-01-01T00:00:00Z' }]) {
      const client = await open(params, { road, headers });
      expect((await client.inbox.until(of('change'))).change.tag).toBe(`wins-${road}-2`);
      expect(client.lastEventId()).toBe(`${epoch}-${head + 2}`);
    }
  });

  it('G5: a Last-Event-ID that is none of ours is answered in-band: an error would stop EventSource for good', async () => {
    for (const id of ['42', 'zzzzzzzz-3', '{}']) {
      const client = await open({}, { road, headers: { 'Last-Event-ID': id } });
      expect(await client.inbox.until(of('reset'))).toMatchObject({ reason: 'epoch' });
      await client.inbox.until(of('ready'));
    }
  });

  it('G5: a position that retention has dropped is told as reset below-floor, and the stream goes on', async () => {
    const { epoch } = await headPosition();
    for (;;) {
      const client = await open({ after: `${epoch}-0` }, { road });
      const first = await client.inbox.until(
        (message) => message.kind === 'reset' || message.kind === 'change',
      );
      // Trimming comes by the clock: until then the past is still there.
      if (first.kind !== 'reset') {
        client.close();
        continue;
      }
      expect(first).toMatchObject({ reason: 'below-floor' });
      expect(Number(first.floor.split('-')[1])).toBeGreaterThan(0);
      // Nothing of the past comes behind the reset.
      await push(`behind-reset-${road}`);
      expect((await client.inbox.until(of('change'))).change.tag).toBe(`behind-reset-${road}`);
      return;
    }
  });

  it('allows the origins of cors.origins, and no other', async () => {
    const allowed = await open({}, { road, headers: { Origin: 'https://page.test' } });
    expect(allowed.headers['access-control-allow-origin']).toBe('https://page.test');
    const other = await open({}, { road, headers: { Origin: 'https://evil.test' } });
    expect(other.headers['access-control-allow-origin']).toBeUndefined();
    expect(other.headers.vary).toBe('Origin');
  });

  it('ignores what the client goes on sending, and serves nothing more on that connection', async () => {
    const raw = await openRaw(gateway.port);
    opened.push(raw);
    raw.send(sseRequest(gateway.port, {}, { road }));
    await raw.until('event: ready');
    raw.send(sseRequest(gateway.port, {}) + 'x'.repeat(100_000));
    await push(`talk-${road}`);
    const text = await raw.until(`"talk-${road}"`);
    expect(text.split('HTTP/1.1').length).toBe(2);
  });

  it('notices that a client has half-closed', async () => {
    const raw = await openRaw(gateway.port);
    raw.send(sseRequest(gateway.port, {}, { road }));
    await raw.until('event: ready');
    raw.socket.end();
    await raw.ended();
  });

  it('G13: answers a bad parameter with 400 and a JSON error, whatever is accepted', async () => {
    const headers = { Accept: 'text/event-stream' };
    const error: unknown = await open({ tag: 'sp ace' }, { road, headers }).catch(
      (reason: unknown) => reason,
    );
    expect(error instanceof RefusedError && error.refusal).toMatchObject({
      status: 400,
      code: 'PARAMETER_INVALID',
      detail: { parameter: 'tag' },
    });
  });

  it('takes parameters in any encoding, and a cache-buster', async () => {
    const raw = await openRaw(gateway.port);
    opened.push(raw);
    const more = road === 'front' ? '' : 'TE: trailers\r\n';
    const query = 'repository=r.test%2Fodd+x&_=1';
    raw.send(`GET /v1/events?${query} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`);
    expect(await raw.until('}]}')).toContain('r.test/odd x');
  });
});
