import { describe, expect, test } from 'vitest';
import { bodyIdleMs } from '../../../../src/source/webhook/body/read.ts';
import type { HookOptions } from '../../../../src/source/webhook/kind.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { openRaw, parseAnswer } from '../../../support/raw-http.ts';
import { makeTestServer, readFixture, resign, secret, storing } from '../../../support/webhook.ts';

const json = { 'content-type': 'application/json' };
const publish: HookOptions = { name: 'p', kind: 'manifeed', token: 't0ken' };
const push = JSON.stringify({ reference: 'r.test/a:1' });

test('bodies under way share one bound: what does not fit is a 503, and the room comes back', async () => {
  const { promise, resolve } = Promise.withResolvers<{ outcomes: string[] }>();
  const open: HookOptions = { ...publish, token: undefined, verify: 'none' };
  const bothWait = Promise.withResolvers<void>();
  let calls = 0;
  const record = () => {
    calls += 1;
    if (calls === 2) bothWait.resolve();
    return promise;
  };
  const server = await makeTestServer([open], {
    ledger: storing(record),
    maxBufferedBytes: push.length * 2 + 10,
  });
  const address = await server.app.listen({ host: '127.0.0.1', port: 0 });
  const post = async () =>
    (await fetch(`${address}/v1/hooks/p`, { method: 'POST', headers: json, body: push })).status;
  const held = [post(), post()];
  await bothWait.promise;
  expect(await post()).toBe(503);
  resolve({ outcomes: [] });
  expect(await Promise.all(held)).toEqual([202, 202]);
  for (let count = 0; count < 5; count += 1) expect(await post()).toBe(202);
  await server.app.close();
});

test('our own kind takes what curl -d sends, which calls itself a form', async () => {
  const server = await makeTestServer([publish]);
  const headers = { 'content-type': 'application/x-www-form-urlencoded', authorization: 'Bearer t0ken' };
  const answer = await server.app.inject({ method: 'POST', url: '/v1/hooks/p', headers, payload: push });
  expect(answer.statusCode).toBe(202);
  const { authorization } = headers;
  const bare = await server.app.inject({
    method: 'POST',
    url: '/v1/hooks/p',
    headers: { authorization },
    payload: push,
  });
  expect(bare.statusCode).toBe(202);
  await server.app.close();
});

describe('forms', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const encode = (body: Buffer) =>
    Buffer.from(new URLSearchParams({ payload: body.toString('utf8') }).toString());

  test('of GitHub are signed as they are sent', async () => {
    const server = await makeTestServer([{ name: 'g', kind: 'ghcr', secret }]);
    const sample = readFixture('ghcr/registry-package-published');
    const payload = encode(sample.body);
    const post = async (signed: Buffer) => {
      const headers = { ...resign('ghcr', sample.headers, signed), ...form };
      return (await server.app.inject({ method: 'POST', url: '/v1/hooks/g', headers, payload })).statusCode;
    };
    expect(await post(payload)).toBe(202);
    expect(await post(sample.body)).toBe(401);
    await server.app.close();
  });

  test('and GETs of Gitea are signed by the JSON inside', async () => {
    const server = await makeTestServer([{ name: 'g', kind: 'gitea', secret }]);
    const sample = readFixture('gitea/package-created');
    const payload = encode(sample.body);
    const headers = { ...sample.headers, ...form };
    expect(
      (await server.app.inject({ method: 'POST', url: '/v1/hooks/g', headers, payload })).statusCode,
    ).toBe(202);
    const url = `/v1/hooks/g?${payload.toString()}`;
    const { 'content-type': _, ...bare } = sample.headers;
    expect((await server.app.inject({ method: 'GET', url, headers: bare })).statusCode).toBe(202);
    const forged = url.replace('1.4.2', '6.6.6');
    expect((await server.app.inject({ method: 'GET', url: forged, headers: bare })).statusCode).toBe(401);
    expect((await server.app.inject({ method: 'GET', url: '/v1/hooks/g', headers: bare })).statusCode).toBe(
      401,
    );
    await server.app.close();
  });

  test('of four million percent signs hold up nobody, and one of escapes is decoded to the byte', async () => {
    const server = await makeTestServer([{ name: 'g', kind: 'gitea', secret }]);
    const post = async (payload: string, signature: string) => {
      const headers = { ...form, 'x-gitea-signature': signature };
      return (await server.app.inject({ method: 'POST', url: '/v1/hooks/g', headers, payload })).statusCode;
    };
    const startedAt = performance.now();
    expect(await post(`payload=${'%'.repeat(4_000_000)}`, 'x')).toBe(401);
    // Work that grew with the square of the length would take hours.
    expect(performance.now() - startedAt).toBeLessThan(30_000);
    const { body } = readFixture('gitea/package-created');
    const escaped = [...body].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
    expect(await post(`payload=${escaped}`, resign('gitea', {}, body)['x-gitea-signature'] ?? '')).toBe(202);
    await server.app.close();
  });

  test('without a payload, or with broken escapes in it, are 400', async () => {
    const server = await makeTestServer([{ name: 'g', kind: 'gitea', verify: 'none' }]);
    for (const payload of [
      'a=b',
      'xpayload={}',
      'payload=%7',
      'payload=%ff%fe',
      `${'&'.repeat(1_000_000)}`,
    ]) {
      const answer = await server.app.inject({ method: 'POST', url: '/v1/hooks/g', headers: form, payload });
      expect(answer.statusCode).toBe(400);
    }
    await server.app.close();
  });
});

test('an idle upload is answered 408 and its connection closed (F4)', async () => {
  const clock = fakeClock();
  const server = await makeTestServer([{ ...publish, token: undefined, verify: 'none' }], { clock });
  const { port } = new URL(await server.app.listen({ host: '127.0.0.1', port: 0 }));
  const connection = await openRaw(Number(port));
  connection.send('POST /v1/hooks/p HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{');
  await clock.untilWaiting(1);
  clock.advance(bodyIdleMs + 1_000);
  const answer = parseAnswer(await connection.ended());
  expect([answer.status, answer.headers.connection]).toEqual([408, 'close']);
  expect(JSON.parse(answer.body).errors[0].code).toBe('REQUEST_TIMEOUT');
  connection.close();
  await server.app.close();
});

test('a refused sender that does not finish its body is cut off after a second (F4)', async () => {
  const clock = fakeClock();
  const server = await makeTestServer([publish], { clock });
  const { port } = new URL(await server.app.listen({ host: '127.0.0.1', port: 0 }));
  const connection = await openRaw(Number(port));
  connection.send('POST /v1/hooks/p HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{');
  expect(await connection.until('UNAUTHORIZED')).toContain('HTTP/1.1 401 ');
  expect(clock.waiting).toBe(1);
  clock.advance(1_000);
  await connection.ended();
  connection.close();
  await server.app.close();
});

test('a real socket gets its 413 and 400 too, and the server lives on', async () => {
  const server = await makeTestServer([{ ...publish, maxBytes: 2048 }]);
  const address = await server.app.listen({ host: '127.0.0.1', port: 0 });
  const post = async (body: string) => {
    const headers = { ...json, authorization: 't0ken' };
    return (await fetch(`${address}/v1/hooks/p`, { method: 'POST', headers, body })).status;
  };
  expect(await post('x'.repeat(3000))).toBe(413);
  expect(await post(push)).toBe(202);
  await server.app.close();
});

test('the routes leave the rest of the server’s body parsing alone', async () => {
  const { app } = await makeTestServer([publish]);
  app.post('/other', async (request) => request.body);
  const answer = await app.inject({ method: 'POST', url: '/other', payload: { a: 1 } });
  expect(answer.json()).toEqual({ a: 1 });
  await app.close();
});
