/** What people without a token, or one address with a thousand connections, can do to everybody else: nothing. */
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { digest, type Gateway, hurried, startGateway } from '../../support/gateway.ts';
import { poll } from '../../support/long-poll-client.ts';
import { openRaw, type RawHttp } from '../../support/raw-http.ts';
import { openSse } from '../../support/sse-client.ts';
import { type OpenOptions, of, RefusedError } from '../../support/stream-client.ts';
import { until } from '../../support/until.ts';
import { openWebSocket } from '../../support/websocket-client.ts';

const access = [{ name: 'all', sha256: digest('right').slice(7), metrics: true }];
const hostile = '127.0.0.2';
const valid: OpenOptions = { token: 'right' };

let gateway: Gateway;
const opened: { close(): void }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) each.close();
  await gateway.close();
});

async function subscribes(options: OpenOptions): Promise<void> {
  const client = await openSse(gateway.port, {}, options);
  opened.push(client);
  await client.inbox.until(of('ready'));
}

function openAll<T extends { close(): void }>(count: number, open: () => Promise<T>): Promise<T[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const each = await open();
      opened.push(each);
      return each;
    }),
  );
}

/** Time that stands still: nothing that was used up comes back. */
const still = { clock: { ...systemClock, monotonic: () => 1 } };

describe('a gateway with tokens', () => {
  it('lets long-polls without a token use nothing of newConnectionsPerSecond up', async () => {
    gateway = await startGateway({ access, limits: { newConnectionsPerSecond: 8 } }, still);
    for (let n = 0; n < 40; n++) {
      const { status } = await poll(gateway.port, '/v2/updates', n % 2 === 0 ? {} : { token: 'wrong' });
      expect(status).toBe(401);
    }
    await subscribes(valid);
    await subscribes(valid);
  });

  it('lets WebSockets without a token use nothing of newConnectionsPerSecond or connections up', async () => {
    const limits = { newConnectionsPerSecond: 8, connections: 4, connectionsPerAddress: 3 };
    gateway = await startGateway({ access, limits }, still);
    await openAll(40, () => openWebSocket(gateway.port, { localAddress: hostile }));
    await subscribes(valid);
    // Not even of those of their own address.
    await subscribes({ ...valid, localAddress: hostile });
  });

  it('bounds WebSockets of one address that have not brought their token, and nobody else', async () => {
    gateway = await startGateway({ access });
    await openAll(100, () => openWebSocket(gateway.port, { localAddress: hostile }));
    const refused: unknown = await openWebSocket(gateway.port, { localAddress: hostile }).catch((e) => e);
    if (!(refused instanceof RefusedError)) throw new Error('open WebSocket: accepted: must be refused');
    expect(refused.refusal).toMatchObject({ status: 429, code: 'TOO_MANY_REQUESTS' });
    expect(refused.refusal.message).toContain('bring the token in the handshake');
    for (const localAddress of ['127.0.0.1', hostile]) {
      opened.push(await openWebSocket(gateway.port, { ...valid, localAddress }));
    }
    const [other] = await openAll(1, () => openWebSocket(gateway.port));
    other?.send({ type: 'subscribe', id: 'a', access_token: 'right' });
    await other?.inbox.until(of('ready'));
  });

  it('gives the share of a WebSocket back that closes, or that brings its token', async () => {
    gateway = await startGateway({ access });
    for (let round = 0; round < 2; round++) {
      const all = await openAll(100, () => openWebSocket(gateway.port));
      for (const each of all) each.send({ type: 'subscribe', id: 'a', access_token: 'right' });
      await Promise.all(all.map((each) => each.inbox.until(of('ready'))));
      const more = await openAll(100, () => openWebSocket(gateway.port));
      for (const each of [...all, ...more]) each.close();
      while (!(await reopens())) await Promise.race(more.map((each) => each.closed));
    }
  });

  /** Whether one more may wait. */
  async function reopens(): Promise<boolean> {
    const one = await openWebSocket(gateway.port).catch(() => null);
    one?.close();
    return one !== null;
  }

  it('G14: tells a WebSocket that brings its token when all places are taken to come back, and closes', async () => {
    gateway = await startGateway({ access, limits: { connections: 1 } });
    await subscribes(valid);
    const [late] = await openAll(1, () => openWebSocket(gateway.port));
    late?.send({ type: 'subscribe', id: 'a', access_token: 'right' });
    const error = await late?.inbox.until(of('other'));
    expect(JSON.parse(error?.text ?? '')).toMatchObject({ type: 'error', code: 'TOO_MANY_CONNECTIONS' });
    expect(await late?.closed).toBe(4101);
  });

  it('counts a WebSocket as a subscriber from its token on', async () => {
    gateway = await startGateway({ access, limits: { connections: 1 } });
    const [first] = await openAll(1, () => openWebSocket(gateway.port));
    first?.send({ type: 'subscribe', id: 'a', access_token: 'right' });
    await first?.inbox.until(of('ready'));
    await expect(openSse(gateway.port, {}, valid)).rejects.toMatchObject({
      refusal: { code: 'TOO_MANY_CONNECTIONS' },
    });
    first?.close();
    for (;;) {
      const client = await openSse(gateway.port, {}, valid).catch(() => null);
      if (client === null) continue;
      opened.push(client);
      break;
    }
  });

  it('gives the share back when the token does not come in time', async () => {
    gateway = await startGateway({ access }, { clock: hurried(10_000) });
    const all = await openAll(100, () => openWebSocket(gateway.port));
    expect(new Set(await Promise.all(all.map((each) => each.closed)))).toEqual(new Set([4010]));
    await until('one more to be taken', reopens);
  });
});

describe('an address with a thousand connections', () => {
  const publishes = () =>
    gateway.publish({ reference: 'r.test/app:1', digest: digest(String(Math.random())) });

  /** Each in its own way: what it sends at once. */
  const manners: [string, (port: number) => string][] = [
    ['that send nothing', () => ''],
    ['whose heads never end', () => 'GET /v1/events HTTP/1.1\r\nHost: local'],
    [
      'whose bodies never end',
      () => 'POST /v1/hooks/publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n[',
    ],
    ['that are refused and stay', () => 'GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['that are refused on the ordinary road', () => 'GET /v2/updates HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ];

  it.each(manners)('%s harms neither webhooks nor subscribers of others', async (_name, says) => {
    const limits = { newConnectionsPerSecond: 40, connections: 200, connectionsPerAddress: 100 };
    gateway = await startGateway({ access, limits });
    const all: RawHttp[] = await openAll(1_000, () => openRaw(gateway.port, hostile));
    for (const each of all) each.send(says(gateway.port));
    for (let n = 0; n < 10; n++) await publishes();
    for (let n = 0; n < 10; n++) await subscribes(valid);
  });
});
