import { afterEach, describe, expect, it } from 'vitest';
import { loopbackHosts } from '../../../src/http/host-check.ts';
import { digest, type Gateway, type Settings, startGateway } from '../../support/gateway.ts';
import { openRaw, parseAnswer } from '../../support/raw-http.ts';

describe('loopbackHosts', () => {
  const check = loopbackHosts(['https://app.example.com', 'http://[::2]:3000']);

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
    '[::2]',
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
    '128.0.0.1',
    '[::2',
    'example.com',
  ])('refuses Host %j', (host) => {
    expect(() => check(host)).toThrow(/^serve request: Host .*must be localhost/);
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

  const answered = [200, 200, 101, 101, 200, 200, 404];

  it('answers behind a trusted proxy, who says which names there are', async () => {
    expect(await statuses({ trustProxy: ['10.0.0.1'] })).toEqual(answered);
  });

  it('asks for tokens, not for names, where there are tokens', async () => {
    const access = [{ name: 'a', sha256: digest('t').slice(7) }];
    expect(await statuses({ access })).toEqual([401, 401, 101, 101, 401, 401, 404]);
  });
});
