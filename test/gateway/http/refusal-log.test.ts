/** What the log says of those who are refused. */
import { afterEach, describe, expect, it } from 'vitest';
import { Origins } from '../../../src/access/origins.ts';
import { linesPerMinute, RefusalLog } from '../../../src/access/refusal-log.ts';
import { noLog } from '../../../src/lib/log.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { digest, type Gateway, type Settings, startGateway } from '../../support/gateway.ts';
import { poll } from '../../support/long-poll-client.ts';
import { openSse } from '../../support/sse-client.ts';
import { openWebSocket } from '../../support/websocket-client.ts';

describe('RefusalLog', () => {
  it('has some lines a minute for each code, and says how many were left out', () => {
    const lines: object[] = [];
    const clock = fakeClock();
    const log = new RefusalLog({ ...noLog, info: (fields) => void lines.push(fields) }, clock);
    const refuse = (code: 'UNAUTHORIZED' | 'ORIGIN_DENIED') =>
      log.add({ code, message: 'm', address: '192.0.2.1', transport: 'sse' });
    for (let n = 0; n < linesPerMinute + 90; n++) refuse('UNAUTHORIZED');
    refuse('ORIGIN_DENIED');
    expect(lines).toHaveLength(linesPerMinute + 1);
    clock.advance(60_000);
    refuse('UNAUTHORIZED');
    refuse('UNAUTHORIZED');
    const [first, second] = lines.slice(-2);
    expect(first).toEqual({ code: 'UNAUTHORIZED', address: '192.0.2.1', transport: 'sse', suppressed: 90 });
    expect(second).not.toHaveProperty('suppressed');
  });
});

describe('Origins', () => {
  const pages = new Origins(['http://127.0.0.1:3000', 'https://app.example.com']);

  it.each([
    [
      'http://localhost:3000',
      'gateway:8080',
      'http://localhost:3000 is not http://127.0.0.1:3000: add it to cors.origins',
    ],
    [
      'http://[::1]:3000',
      'gateway:8080',
      'http://[::1]:3000 is not http://127.0.0.1:3000: add it to cors.origins',
    ],
    [
      'http://localhost:8080',
      '127.0.0.1:8080',
      'http://localhost:8080 is not http://127.0.0.1:8080: add it to cors.origins',
    ],
    [
      'http://localhost:4000',
      'gateway:8080',
      'Origin "http://localhost:4000" is not allowed: add it to cors.origins',
    ],
    [
      'https://localhost:3000',
      'gateway:8080',
      'Origin "https://localhost:3000" is not allowed: add it to cors.origins',
    ],
    [
      'https://evil.test',
      'gateway:8080',
      'Origin "https://evil.test" is not allowed: add it to cors.origins',
    ],
    ['null', 'gateway:8080', 'Origin "null" is not allowed: add it to cors.origins'],
  ])('says why %s at %s is not allowed', (origin, host, why) => {
    expect(pages.allows(origin, host)).toBe(false);
    expect(pages.explain(origin, host)).toBe(why);
  });

  it('allows what is listed, the gateway itself, and who is no page', () => {
    for (const origin of [undefined, 'https://app.example.com', 'http://gateway:8080']) {
      expect(pages.allows(origin, 'gateway:8080')).toBe(true);
    }
  });
});

describe('a gateway that refuses a handshake', () => {
  let gateway: Gateway;
  afterEach(() => gateway.close());

  /** Lines at info, without those of the start. */
  const lines = () =>
    gateway
      .logs()
      .split('\n')
      .filter((line) => line.includes('"level":"info"') && line.includes('"transport"'))
      .map((line) => JSON.parse(line));

  const access = [{ name: 'a', sha256: digest('right').slice(7) }];

  it.each(['front', 'ordinary'] as const)('says so in the log, with reason and address: %s', async (road) => {
    gateway = await startGateway({ access });
    await expect(openSse(gateway.port, {}, { road, token: 'wrong-secret' })).rejects.toThrow();
    await expect(openSse(gateway.port, { repositry: 'x' }, { road, token: 'right' })).rejects.toThrow();
    await expect(openWebSocket(gateway.port, { road, token: 'wrong-secret' })).rejects.toThrow();
    const path = '/v1/socket?access_token=wrong-secret';
    await expect(openWebSocket(gateway.port, { road, path })).rejects.toThrow();
    expect(lines()).toMatchObject([
      {
        code: 'UNAUTHORIZED',
        address: '127.0.0.1',
        transport: 'sse',
        msg: expect.stringMatching(/unknown token/),
      },
      { code: 'PARAMETER_INVALID', transport: 'sse', msg: expect.stringMatching(/repositry/) },
      { code: 'UNAUTHORIZED', address: '127.0.0.1', transport: 'websocket' },
      { code: 'UNAUTHORIZED', transport: 'websocket' },
    ]);
    expect(gateway.logs()).not.toContain('wrong-secret');
  });

  it('G15: says so too where the token in the first message is wrong, and not the token', async () => {
    gateway = await startGateway({ access });
    const socket = await openWebSocket(gateway.port);
    socket.send({ type: 'subscribe', id: 'a', access_token: 'wrong-secret' });
    expect(await socket.closed).toBe(4010);
    expect(lines()).toMatchObject([{ code: 'UNAUTHORIZED', transport: 'websocket' }]);
    expect(gateway.logs()).not.toContain('wrong-secret');
  });

  const page: Settings = { cors: { origins: ['http://127.0.0.1:3000'] } };
  const headers = { Origin: 'http://localhost:3000' };
  const why = 'http://localhost:3000 is not http://127.0.0.1:3000: add it to cors.origins';

  it('names cors.origins to a page that is not listed, and in the log', async () => {
    gateway = await startGateway(page);
    const refused: unknown = await openWebSocket(gateway.port, { headers }).catch((error) => error);
    expect(refused).toMatchObject({ refusal: { code: 'ORIGIN_DENIED', message: `open WebSocket: ${why}` } });
    expect(lines()).toMatchObject([{ code: 'ORIGIN_DENIED', msg: `open WebSocket: ${why}` }]);
  });

  it('says in the log that a browser will hide an event stream or an answer from its page', async () => {
    gateway = await startGateway(page);
    for (let n = 0; n < 2; n++) (await openSse(gateway.port, {}, { headers })).close();
    await poll(gateway.port, '/v2/updates', { headers });
    expect(lines()).toMatchObject([
      { code: 'ORIGIN_DENIED', transport: 'sse', msg: `serve page: ${why}` },
      { code: 'ORIGIN_DENIED', transport: 'sse' },
      { code: 'ORIGIN_DENIED', transport: 'http', msg: `serve page: ${why}` },
    ]);
  });

  it('says nothing of a page that is listed', async () => {
    gateway = await startGateway(page);
    (await openSse(gateway.port, {}, { headers: { Origin: 'http://127.0.0.1:3000' } })).close();
    expect(lines()).toEqual([]);
  });
});
