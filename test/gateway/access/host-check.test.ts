import { afterEach, describe, expect, it } from 'vitest';
import { namedHosts } from '../../../src/access/host-check.ts';
import { digest, type Gateway, type Settings, startGateway } from '../../support/gateway.ts';
import { openRaw, parseAnswer } from '../../support/raw-http.ts';

describe('namedHosts', () => {
  const check = namedHosts(['app.example.com', 'Manifeed']);

  it.each([
    undefined,
    'localhost',
    'LOCALHOST:8080',
    'localhost.:80',
    'team.localhost:8080',
    '127.0.0.1:8080',
    '127.9.9.9',
    '[::1]',
    '[::1]:8080',
    'app.example.com',
    'app.example.com:8443',
    '[::2]:3000',
    '192.168.1.5:8080',
    '10.0.0.1',
    'manifeed:8080',
  ])('takes Host %s', (host) => {
    expect(() => check(host)).not.toThrow();
  });

  it.each([
    '',
    'evil.test',
    'evil.test:8080',
    'localhost.evil.test',
    '127.0.0.1.evil.test',
    'evil.test#localhost',
    '[::2',
    '::2',
    '1.2.3',
    'sub.app.example.com',
    'example.com',
  ])('refuses Host %j', (host) => {
    expect(() => check(host)).toThrow(/^serve request: Host .*must be localhost.* add it to hosts$/);
  });
});

describe('a gateway called by a foreign name', () => {
  let gateway: Gateway;
  afterEach(() => gateway.close());

  const upgrade =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: manifeed.v1\r\n';
  /** Both roads: the net front leaves a request with TE to node:http. */
  const ordinary = 'TE: trailers\r\n';
  const requests: [string, string][] = [
    ['/v1/events', ''],
    ['/v1/events', ordinary],
    ['/v1/socket', upgrade],
    ['/v1/socket', upgrade + ordinary],
    ['/v2/updates', ''],
    ['/metrics', ''],
    ['/nowhere', ''],
  ];

  async function statuses(settings: Settings): Promise<number[]> {
    gateway = await startGateway(settings);
    const all: number[] = [];
    for (const [path, headers] of requests) {
      const connection = await openRaw(gateway.port);
      connection.send(`GET ${path} HTTP/1.1\r\nHost: evil.test:${gateway.port}\r\n${headers}\r\n`);
      const answer = await connection.until('\r\n\r\n');
      connection.close();
      all.push(parseAnswer(answer).status);
    }
    return all;
  }

  it('answers nothing where it is open on loopback: DNS rebinding', async () => {
    expect(await statuses({})).toEqual(requests.map(() => 403));
  });

  it('answers nothing where it is open on any other address: a page can rebind to that too', async () => {
    expect(await statuses({ listen: '0.0.0.0:0', access: 'open' })).toEqual(requests.map(() => 403));
  });

  it('G13: says which setting names its own hosts', async () => {
    gateway = await startGateway({ hosts: ['mine.test'] });
    const answers: string[] = [];
    for (const host of ['evil.test', 'mine.test:1234', 'MINE.test']) {
      const connection = await openRaw(gateway.port);
      connection.send(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      answers.push(await connection.ended());
    }
    expect(answers.map((answer) => parseAnswer(answer).status)).toEqual([403, 200, 200]);
    expect(parseAnswer(answers[0] ?? '').body).toMatch(/"ORIGIN_DENIED".*add it to hosts/);
  });

  it('answers to the host of a page in cors.origins', async () => {
    expect(await statuses({ cors: { origins: ['http://evil.test'] } })).toEqual(answered);
  });

  it('holds to names that are written out, with tokens and proxies too', async () => {
    const hosts = ['mine.test'];
    const access = [{ name: 'a', sha256: digest('t').slice(7) }];
    expect(await statuses({ hosts, access })).toEqual(requests.map(() => 403));
    await gateway.close();
    expect(await statuses({ hosts, trustProxy: ['10.0.0.1'] })).toEqual(requests.map(() => 403));
  });

  const answered = [200, 200, 101, 101, 200, 200, 404];

  it('answers behind a trusted proxy, who says which names there are', async () => {
    expect(await statuses({ trustProxy: ['10.0.0.1'] })).toEqual(answered);
  });

  it('asks for tokens, not for names, where there are tokens', async () => {
    const access = [{ name: 'a', sha256: digest('t').slice(7) }];
    expect(await statuses({ access })).toEqual([401, 401, 101, 101, 401, 401, 404]);
  });
});

describe('a request with two Host headers', () => {
  let gateway: Gateway;
  afterEach(() => gateway.close());

  const upgrade =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: manifeed.v1\r\n';

  it.each([
    ['GET /v1/events', ''],
    ['GET /v1/socket', upgrade],
    ['GET /v2/updates', ''],
    ['GET /healthz', ''],
    ['POST /v1/hooks/publish', 'Content-Length: 2\r\nContent-Type: application/json\r\n'],
    ['GET /nowhere', upgrade],
  ])('%s is refused (RFC 9112, 3.2)', async (what, headers) => {
    gateway = await startGateway();
    for (const second of ['localhost', 'evil.test']) {
      const connection = await openRaw(gateway.port);
      connection.send(`${what} HTTP/1.1\r\nHost: localhost\r\nhOST: ${second}\r\n${headers}\r\n`);
      if (what.startsWith('POST')) connection.send('[]');
      const answer = await connection.until('}]}');
      connection.close();
      expect(parseAnswer(answer).status).toBe(400);
      expect(answer).toContain('"REQUEST_INVALID"');
    }
  });
});
