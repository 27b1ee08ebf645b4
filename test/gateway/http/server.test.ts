import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digest, type Gateway, startGateway } from '../../support/gateway.ts';
import { poll } from '../../support/long-poll-client.ts';
import { openRaw, parseAnswer } from '../../support/raw-http.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({
    cors: { origins: ['https://page.test'] },
    webhooks: [{ name: 'publish', kind: 'manifeed', verify: 'none', maxBytes: '1KiB' }],
  });
});
afterAll(() => gateway.close());

/** Sends bytes by hand and reads the one answer. */
async function raw(text: string) {
  const connection = await openRaw(gateway.port);
  connection.send(text);
  const answer = parseAnswer(await connection.ended());
  connection.close();
  return answer;
}

describe('errors', () => {
  it.each([
    ['an unknown path', '/nowhere', 404, 'NOT_FOUND'],
    ['a path that ends like one of a stream', '/nowhere/v1/socket', 404, 'NOT_FOUND'],
    ['an unknown hook', '/v1/hooks/other', 404, 'NOT_FOUND'],
    ['a path that is no pattern of a route', '/v1/*x', 404, 'NOT_FOUND'],
    ['a path with half of an expression', '/:(/x', 404, 'NOT_FOUND'],
    ['the pattern of a route', '/v1/hooks/:name', 404, 'NOT_FOUND'],
    ['a bad percent-encoding', '/v1/%zz', 400, 'REQUEST_INVALID'],
    ['a method that is not allowed', '/v1/hooks/publish', 405, 'METHOD_NOT_ALLOWED'],
  ])("have the registry's shape for %s", async (_what, path, status, code) => {
    const answer = await poll(gateway.port, path);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      status,
      { errors: [{ code, message: expect.any(String), detail: null }] },
    ]);
  });

  it.each([
    ['no HTTP at all', 'hello there, how are you?\r\n\r\n', 400, 'REQUEST_INVALID'],
    [
      'two framings of a body',
      'POST /v1/hooks/publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
      'REQUEST_INVALID',
    ],
    [
      'a head without end',
      `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}`,
      431,
      'HEAD_TOO_LARGE',
    ],
  ])("have the registry's shape for %s", async (_what, text, status, code) => {
    const answer = await raw(text);
    expect(answer.status).toBe(status);
    expect(answer.headers.connection).toBe('close');
    expect(JSON.parse(answer.body)).toEqual({
      errors: [{ code, message: expect.any(String), detail: null }],
    });
  });

  it.each([
    ['POST', '/v1/events', 'GET'],
    ['POST', '/healthz', 'GET, HEAD'],
    ['HEAD', '/v1/socket', 'GET'],
    ['DELETE', '/v1/pace?x=1', 'GET, PUT'],
    ['OPTIONS', '/v2/updates', 'GET'],
  ])('a known path without the method %s (%s) is answered 405 with Allow', async (method, path, allow) => {
    const response = await fetch(`${gateway.url}${path}`, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
    const text = await response.text();
    if (method === 'HEAD') return expect(text).toBe('');
    expect(JSON.parse(text).errors[0]).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
  });

  it('a target that begins with a wildcard is answered 404', async () => {
    const answer = await raw('GET *v1/sockt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.body).errors).toMatchObject([{ code: 'NOT_FOUND' }]);
  });

  it('the root, opened in a browser, says where the endpoints are', async () => {
    const response = await fetch(`${gateway.url}/`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      errors: [{ message: 'No endpoint GET /. The list is at /openapi.json' }],
    });
  });

  it('a plain OPTIONS of an unknown path is answered 404', async () => {
    const response = await fetch(`${gateway.url}/nowhere`, { method: 'OPTIONS' });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ errors: [{ code: 'NOT_FOUND' }] });
  });

  it.each(['/healthz', '/v1/events'])('an expectation that nobody knows is named, at %s', async (path) => {
    const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nExpect: foo\r\n\r\n`);
    expect([answer.status, answer.headers.connection]).toEqual([400, 'close']);
    expect(JSON.parse(answer.body).errors[0]).toMatchObject({
      code: 'PARAMETER_INVALID',
      detail: { parameter: 'Expect' },
    });
  });

  it('a body over its bound is refused with 413', async () => {
    const response = await fetch(`${gateway.url}/v1/hooks/publish`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ reference: 'nginx:1', digest: digest('x'), id: 'x'.repeat(2_000) }),
    });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ errors: [{ code: 'BODY_TOO_LARGE' }] });
  });

  it('a body that does not come is given up after requestTimeout', async () => {
    const hasty = await startGateway({ limits: { requestTimeout: '1s', headerTimeout: '1s' } });
    const connection = await openRaw(hasty.port);
    connection.send('POST /v1/hooks/publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{');
    const answer = parseAnswer(await connection.ended());
    expect([answer.status, JSON.parse(answer.body).errors[0].code]).toEqual([408, 'REQUEST_TIMEOUT']);
    connection.close();
    await hasty.close();
  });
});

describe('operation', () => {
  it('tells its health, readiness, metrics and API', async () => {
    expect(JSON.parse((await poll(gateway.port, '/healthz')).body)).toEqual({ status: 'ok' });
    expect(JSON.parse((await poll(gateway.port, '/readyz')).body)).toEqual({ status: 'ready' });
    const { body } = await poll(gateway.port, '/metrics');
    for (const name of [
      'subscribers',
      'deliveries_total',
      'lag_positions',
      'resets_total',
      'changes_total',
    ]) {
      expect(body).toContain(`# TYPE manifeed_${name} `);
    }
    const api = JSON.parse((await poll(gateway.port, '/openapi.json')).body);
    for (const path of ['/v1/events', '/v1/socket', '/v2/updates', '/v1/hooks/{name}']) {
      expect(Object.keys(api.paths)).toContain(path);
    }
  });

  it('tells its health without a body to balancers that ask with HEAD', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const response = await fetch(`${gateway.url}${path}`, { method: 'HEAD' });
      expect([response.status, await response.text()]).toEqual([200, '']);
    }
  });

  it('shows the pace, and changes it', async () => {
    const put = (body: object) =>
      fetch(`${gateway.url}/v1/pace`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const answer = await put({ deliveriesPerSecond: 7, forSeconds: 60, repository: 'nginx' });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      overrides: [{ deliveriesPerSecond: 7, pattern: 'docker.io/library/nginx' }],
    });
    // What is in force comes first, what was configured after it.
    const all = await (await put({ deliveriesPerSecond: 10 })).text();
    expect(all).toMatch(/^\{"deliveriesPerSecond":10,"configuredDeliveriesPerSecond":500,"overrides":/);
    const refused = await put({ deliveriesPerSecond: -1 });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      errors: [{ detail: { parameter: 'deliveriesPerSecond' } }],
    });
  });

  it('wants a token with metrics or admin for the metrics where there are tokens: they name repositories', async () => {
    const access = [
      { name: 'reader', sha256: digest('t-reader').slice(7) },
      { name: 'prometheus', sha256: digest('t-prometheus').slice(7), metrics: true },
      { name: 'admin', sha256: digest('t-admin').slice(7), admin: true },
    ];
    const guarded = await startGateway({ access });
    const status = async (token?: string, path = '/metrics') =>
      (await poll(guarded.port, path, token === undefined ? {} : { token })).status;
    expect([await status(), await status('t-reader')]).toEqual([401, 403]);
    expect([await status('t-prometheus'), await status('t-admin')]).toEqual([200, 200]);
    expect(await status('t-prometheus', '/v1/pace')).toBe(403);
    await guarded.close();
  });

  it('wants a token with admin for the pace where there are tokens', async () => {
    const access = [
      { name: 'reader', sha256: digest('t-reader').slice(7) },
      { name: 'admin', sha256: digest('t-admin').slice(7), admin: true },
    ];
    const guarded = await startGateway({ access });
    const status = async (token?: string) =>
      (await poll(guarded.port, '/v1/pace', token === undefined ? {} : { token })).status;
    expect([await status(), await status('t-reader'), await status('t-admin')]).toEqual([401, 403, 200]);
    await guarded.close();
  });

  it('allows the preflight of a page that streams with fetch and headers of its own', async () => {
    for (const path of ['/v1/events', '/v2/updates']) {
      const response = await fetch(`${gateway.url}${path}`, {
        method: 'OPTIONS',
        headers: {
          origin: 'https://page.test',
          'access-control-request-method': 'GET',
          'access-control-request-headers': 'authorization,last-event-id',
        },
      });
      expect(response.status).toBe(204);
      expect(response.headers.get('access-control-allow-origin')).toBe('https://page.test');
      expect(response.headers.get('access-control-allow-headers')).toContain('last-event-id');
    }
  });

  it('lets pages of cors.origins read, and no others', async () => {
    const allowed = await poll(gateway.port, '/v2/updates', { headers: { origin: 'https://page.test' } });
    expect(allowed.headers['access-control-allow-origin']).toBe('https://page.test');
    expect(allowed.headers['access-control-expose-headers']).toContain('Link');
    const other = await poll(gateway.port, '/v2/updates', { headers: { origin: 'https://evil.test' } });
    expect(other.headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('connections', () => {
  it('one connection serves a stream of requests: a GET, a webhook, a page of updates', async () => {
    const connection = await openRaw(gateway.port);
    connection.send('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await connection.until('"ok"');
    const body = JSON.stringify({ reference: 'nginx:keep', digest: digest('keep') });
    connection.send(
      `POST /v1/hooks/publish HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await connection.until('"changes":1');
    connection.send('GET /v2/updates?repository=nginx HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await connection.until('"tag":"keep"');
    // Even a stream may come last on a connection that was used before.
    connection.send('GET /v1/events?repository=nginx HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await connection.until('event: ready');
    await gateway.publish({ reference: 'nginx:later', digest: digest('later') });
    await connection.until('"tag":"later"');
    connection.close();
  });

  it('answers pipelined requests in order', async () => {
    const connection = await openRaw(gateway.port);
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    connection.send(get('/healthz') + get('/nowhere') + get('/readyz'));
    const text = await connection.until('"ready"');
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual([
      '200',
      '404',
      '200',
    ]);
    connection.close();
  });

  it('refuses a stream behind an answer that is still to come, in order', async () => {
    const connection = await openRaw(gateway.port);
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    connection.send(get('/v2/updates?repository=nobody&wait=300ms') + get('/v1/events'));
    const text = await connection.until('REQUEST_INVALID');
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '400']);
    expect(text).not.toContain('event:');
    connection.close();
  });

  it('closes a connection that upgrades while an answer is still to come', async () => {
    const connection = await openRaw(gateway.port);
    connection.send(
      'GET /v2/updates?repository=nobody&wait=20s HTTP/1.1\r\nHost: localhost\r\n\r\n' +
        'GET /v1/socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    expect(await connection.ended()).toBe('');
    connection.close();
  });

  it('upgrades a connection whose earlier answers have come', async () => {
    const connection = await openRaw(gateway.port);
    connection.send('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await connection.until('"ok"');
    connection.send(
      'GET /v1/socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    await connection.until('101 Switching Protocols');
    connection.close();
  });

  it('refuses a stream that has another request pipelined behind it, and answers that one', async () => {
    const connection = await openRaw(gateway.port);
    connection.send(
      'GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n',
    );
    const text = await connection.until('"status":"ok"');
    expect(text).toMatch(/^HTTP\/1\.1 400 .*REQUEST_INVALID.*HTTP\/1\.1 200 /s);
    connection.close();
  });

  it.each([
    ['in two segments', ['GET /v1/events HTTP/1.1\r\nHo', 'st: localhost\r\n\r\n']],
    ['byte by byte', [...'GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n']],
    ['in absolute form', ['GET http://x/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n']],
    [
      'with an empty body announced',
      ['GET /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n'],
    ],
    ['with an encoded path', ['GET /v1/%65vents HTTP/1.1\r\nHost: localhost\r\n\r\n']],
    [
      'with 100 headers',
      [`GET /v1/events HTTP/1.1\r\nHost: localhost\r\n${'X-Many: 1\r\n'.repeat(100)}\r\n`],
    ],
    [
      'with a long head',
      [`GET /v1/events HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(9_000)}\r\n\r\n`],
    ],
  ])('takes the ordinary road for a head %s, to the same stream', async (_what, parts) => {
    const connection = await openRaw(gateway.port);
    connection.socket.setNoDelay(true);
    for (const part of parts) {
      connection.send(part);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await connection.until('event: ready');
    await gateway.publish({ reference: `nginx:road${Math.random()}`, digest: digest('road') });
    await connection.until('"tag":"road');
    connection.close();
  });
});
