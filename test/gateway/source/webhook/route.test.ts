import { Writable } from 'node:stream';
import pino from 'pino';
import { describe, expect, test } from 'vitest';
import { ManifeedError } from '../../../../src/errors.ts';
import { redactHookUrl } from '../../../../src/http/redact.ts';
import { type Labels, type Metrics, noMetrics } from '../../../../src/lib/metrics.ts';
import type { HookOptions } from '../../../../src/source/webhook/kind.ts';
import { makeTestServer, readFixture, secret, storing } from '../../../support/webhook.ts';

const json = { 'content-type': 'application/json' };
const publish: HookOptions = { name: 'p', kind: 'manifeed', token: 't0ken' };
const push = JSON.stringify({ reference: 'r.test/a:1' });

test('an unknown name, a token where none belongs and another method are 404, 404 and 405', async () => {
  const { app } = await makeTestServer([publish]);
  const status = async (method: 'POST' | 'GET' | 'PUT', url: string) =>
    (await app.inject({ method, url, headers: json, ...(method === 'GET' ? {} : { payload: 'x' }) }))
      .statusCode;
  expect(await status('POST', '/v1/hooks/q')).toBe(404);
  expect(await status('POST', '/v1/hooks/q/t')).toBe(404);
  expect(await status('POST', '/v1/hooks/p/t')).toBe(404);
  expect(await status('GET', '/v1/hooks/p')).toBe(405);
  expect(await status('PUT', '/v1/hooks/p')).toBe(405);
  await app.close();
});

test('a token in the header is taken verbatim or after Bearer, and in another header verbatim only', async () => {
  const other: HookOptions = { ...publish, name: 'o', tokenHeader: 'X-Hook-Token' };
  const { app } = await makeTestServer([publish, other]);
  const post = async (name: string, headers: Record<string, string>) =>
    (
      await app.inject({
        method: 'POST',
        url: `/v1/hooks/${name}`,
        headers: { ...json, ...headers },
        payload: push,
      })
    ).statusCode;
  for (const value of ['t0ken', 'Bearer t0ken', 'bearer   t0ken'])
    expect(await post('p', { authorization: value })).toBe(202);
  for (const value of ['', 'T0KEN', 'Bearer', 'Basic t0ken', 't0ken t0ken', 't0ken\u00a0']) {
    expect(await post('p', { authorization: value })).toBe(401);
  }
  expect(await post('o', { 'x-hook-token': 't0ken' })).toBe(202);
  expect(await post('o', { 'x-hook-token': 'Bearer t0ken' })).toBe(401);
  expect(await post('o', { authorization: 't0ken' })).toBe(401);
  await app.close();
});

test('Basic wants the exact name and password, whatever colons they hold', async () => {
  const hook: HookOptions = { name: 'b', kind: 'manifeed', username: 'ci', password: 'a:b:ü' };
  const { app } = await makeTestServer([hook]);
  const post = async (credentials: string, scheme = 'Basic') => {
    const authorization = `${scheme} ${Buffer.from(credentials).toString('base64')}`;
    return (
      await app.inject({
        method: 'POST',
        url: '/v1/hooks/b',
        headers: { ...json, authorization },
        payload: push,
      })
    ).statusCode;
  };
  expect(await post('ci:a:b:ü')).toBe(202);
  expect(await post('ci:a:b:ü', 'basic')).toBe(202);
  for (const wrong of ['ci:a:b', 'ci', '', 'CI:a:b:ü', 'ci:a:b:ü:']) expect(await post(wrong)).toBe(401);
  expect(await post('ci:a:b:ü', 'Bearer')).toBe(401);
  await app.close();
});

test('every credential that a hook has must fit', async () => {
  const { app } = await makeTestServer([{ ...publish, pathToken: 'p4th' }]);
  const post = async (url: string, authorization: string) =>
    (await app.inject({ method: 'POST', url, headers: { ...json, authorization }, payload: push }))
      .statusCode;
  expect(await post('/v1/hooks/p/p4th', 't0ken')).toBe(202);
  expect(await post('/v1/hooks/p', 't0ken')).toBe(401);
  expect(await post('/v1/hooks/p/other', 't0ken')).toBe(401);
  expect(await post('/v1/hooks/p/p4th', 'other')).toBe(401);
  await app.close();
});

test('JFrog may send the secret itself', async () => {
  const { app } = await makeTestServer([{ name: 'j', kind: 'jfrog', secret }]);
  const { body } = readFixture('jfrog/docker-pushed');
  const post = async (auth: string) => {
    const headers = { ...json, 'x-jfrog-event-auth': auth };
    return (await app.inject({ method: 'POST', url: '/v1/hooks/j', headers, payload: body })).statusCode;
  };
  expect(await post(secret)).toBe(202);
  expect(await post(secret.toUpperCase())).toBe(401);
  await app.close();
});

describe('a ledger that cannot store', () => {
  const failing = (error: Error) =>
    makeTestServer([{ ...publish, token: undefined, verify: 'none' }], {
      ledger: storing(() => Promise.reject(error)),
    });

  test('makes a 503 with Retry-After, so that the registry comes back, and confirms nothing', async () => {
    const server = await failing(new ManifeedError('UNAVAILABLE', 'record: disk full: must have room'));
    const answer = await server.app.inject({
      method: 'POST',
      url: '/v1/hooks/p',
      headers: json,
      payload: push,
    });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(server.confirmed).toEqual([]);
    await server.app.close();
  });

  test('leaves its reason in the log, bounded', async () => {
    const lines: string[] = [];
    const stream = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    });
    const cause = new Error(`database or disk is full ${'x'.repeat(1_000)}`);
    const full = 'record: the disk or its quota is full: needs free space (SQLITE_FULL)';
    const server = await makeTestServer([{ ...publish, token: undefined, verify: 'none' }], {
      ledger: storing(() => Promise.reject(new ManifeedError('UNAVAILABLE', full, { cause }))),
      log: pino({ level: 'info' }, stream),
    });
    for (let count = 0; count < 3; count += 1) {
      await server.app.inject({ method: 'POST', url: '/v1/hooks/p', headers: json, payload: push });
    }
    expect(lines).toHaveLength(1);
    const { code, reason } = JSON.parse(lines[0] ?? '{}');
    expect(code).toBe('UNAVAILABLE');
    expect(reason).toContain(`${full}: database or disk is full`);
    expect(reason).toHaveLength(500);
    await server.app.close();
  });

  test('is not asked for a delivery that says nothing', async () => {
    const server = await failing(new ManifeedError('UNAVAILABLE', 'record: disk full: must have room'));
    const answer = await server.app.inject({
      method: 'POST',
      url: '/v1/hooks/p',
      headers: json,
      payload: '[]',
    });
    const nothing = { accepted: 0, changes: 0, pending: 0, unchanged: 0, ignored: {} };
    expect([answer.statusCode, answer.json()]).toEqual([200, nothing]);
    await server.app.close();
  });
});

test('the acknowledgement waits for the intake, and counts what became of it', async () => {
  const { promise, resolve } = Promise.withResolvers<{ outcomes: string[] }>();
  const server = await makeTestServer([{ ...publish, token: undefined, verify: 'none' }], {
    ledger: storing(() => promise),
  });
  let isAnswered = false;
  const digest = `sha256:${'a'.repeat(64)}`;
  const payload = JSON.stringify(
    ['1', '2', '3', '4'].map((tag) => ({ reference: `r.test/a:${tag}`, digest })),
  );
  const answer = server.app
    .inject({ method: 'POST', url: '/v1/hooks/p', headers: json, payload })
    .then((response) => {
      isAnswered = true;
      return response;
    });
  await new Promise(setImmediate);
  expect(isAnswered).toBe(false);
  resolve({ outcomes: ['changed', 'unchanged', 'waiting', 'stale'] });
  const counts = { accepted: 4, changes: 1, pending: 1, unchanged: 1, ignored: { stale: 1 } };
  expect((await answer).json()).toEqual(counts);
  expect(server.confirmed).toEqual(['r.test/a']);
  await server.app.close();
});

test('what is older than the ledger knows is answered as ignored, and what is known as unchanged', async () => {
  const outcomes = ['changed', 'stale', 'duplicate', 'stale', 'unknown', 'unchanged'];
  const open: HookOptions = { ...publish, token: undefined, verify: 'none' };
  const server = await makeTestServer([open], { ledger: storing(async () => ({ outcomes })) });
  const digest = `sha256:${'a'.repeat(64)}`;
  const payload = JSON.stringify(outcomes.map((tag) => ({ reference: `r.test/a:${tag}`, digest })));
  const answer = await server.app.inject({ method: 'POST', url: '/v1/hooks/p', headers: json, payload });
  expect(answer.json()).toEqual({ accepted: 6, changes: 1, pending: 0, unchanged: 3, ignored: { stale: 2 } });
  await server.app.close();
});

test('CloudEvents senders may ask first, and nobody else is answered', async () => {
  const { app } = await makeTestServer([
    { name: 'c', kind: 'cloudevents', token: 'x' },
    { name: 'd', kind: 'distribution', token: 'x' },
  ]);
  const ask = (name: string, headers: Record<string, string>) =>
    app.inject({ method: 'OPTIONS', url: `/v1/hooks/${name}`, headers });
  const headers = { 'webhook-request-origin': 'eventemitter.example.com', 'webhook-request-rate': '120' };
  const allowed = await ask('c', headers);
  expect(allowed.statusCode).toBe(200);
  expect(allowed.headers).toMatchObject({
    'webhook-allowed-origin': 'eventemitter.example.com',
    'webhook-allowed-rate': '*',
    allow: 'POST',
  });
  expect((await ask('c', { ...headers, origin: 'https://page.test' })).statusCode).toBe(200);
  expect((await ask('c', {})).statusCode).toBe(405);
  expect((await ask('c', { 'webhook-request-origin': 'a b' })).statusCode).toBe(405);
  expect((await ask('d', headers)).statusCode).toBe(405);
  await app.close();
});

test('the handshake consents to no origin where the path token is wrong', async () => {
  const { app } = await makeTestServer([{ name: 'a', kind: 'acr', pathToken: 'p4th' }]);
  const ask = (url: string) =>
    app.inject({ method: 'OPTIONS', url, headers: { 'webhook-request-origin': 'eventgrid.azure.net' } });
  for (const url of ['/v1/hooks/a', '/v1/hooks/a/other']) {
    const answer = await ask(url);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['webhook-allowed-origin']).toBeUndefined();
  }
  expect((await ask('/v1/hooks/a/p4th')).headers['webhook-allowed-origin']).toBe('eventgrid.azure.net');
  await app.close();
});

test('Event Grid gets its validation code back, but only with the hook’s credential', async () => {
  const { app } = await makeTestServer([{ name: 'a', kind: 'acr', pathToken: 'p4th' }]);
  const payload = [
    {
      id: '1',
      eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
      data: { validationCode: 'c0de' },
    },
  ];
  const post = (url: string) => app.inject({ method: 'POST', url, headers: json, payload });
  expect((await post('/v1/hooks/a/p4th')).json()).toEqual({ validationResponse: 'c0de' });
  expect((await post('/v1/hooks/a')).statusCode).toBe(401);
  await app.close();
});

test('every delivery is counted by hook, kind and result', async () => {
  const counted: Record<string, number> = {};
  const metrics: Metrics = {
    ...noMetrics,
    counter: (name) => ({
      inc: (labels?: Labels, by = 1) => {
        const key = `${name} ${Object.values(labels ?? {}).join(' ')}`;
        counted[key] = (counted[key] ?? 0) + by;
      },
    }),
  };
  const server = await makeTestServer([{ name: 'd', kind: 'distribution', token: secret }], { metrics });
  const post = (payload: Buffer | string, headers: Record<string, string>) =>
    server.app.inject({ method: 'POST', url: '/v1/hooks/d', headers, payload });
  const mixed = readFixture('distribution/mixed-envelope');
  await post(mixed.body, mixed.headers);
  await post('{"events":[{"action":"pull","target":{"repository":"a"}}]}', mixed.headers);
  await post(mixed.body, json);
  await post('{', mixed.headers);
  await post('x'.repeat(5_000_000), mixed.headers);
  expect(counted).toEqual({
    'webhook_deliveries_total d distribution accepted': 1,
    'webhook_deliveries_total d distribution ignored:pull': 1,
    'webhook_deliveries_total d distribution unauthorized': 1,
    'webhook_deliveries_total d distribution invalid': 2,
    'webhook_ignored_events_total d distribution blob': 2,
    'webhook_ignored_events_total d distribution pull': 2,
  });
  await server.app.close();
});

test('no secret gets into logs or answers', async () => {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const log = pino({ level: 'trace' }, stream);
  const hook: HookOptions = { name: 'h', kind: 'manifeed', pathToken: 's3cret-path', token: 's3cret-token' };
  const server = await makeTestServer([hook], { log });
  for (const url of ['/v1/hooks/h/s3cret-path', '/v1/hooks/h/s3cret-path2', '/v1/hooks/x/s3cret-path']) {
    const headers = { ...json, authorization: 'Bearer s3cret-tokem' };
    const answer = await server.app.inject({ method: 'POST', url, headers, payload: '{"a":"s3cret-body"' });
    lines.push(answer.body);
  }
  expect(lines.join('\n')).toContain('webhook delivery refused');
  expect(lines.join('\n')).not.toContain('s3cret');
  await server.app.close();
});

test('redactHookUrl keeps a hook’s name and nothing after it, however the path is written', () => {
  expect(redactHookUrl('/v1/hooks/hub')).toBe('/v1/hooks/hub');
  for (const url of [
    '/v1/hooks/hub/t0p',
    '/v1/hooks/hub?payload=t0p',
    '/v1/hooks/hub/t0p?x=1',
    '//v1//hooks/hub/t0p',
    '/v1/%68ooks/hub/t0p',
    '/v1/hooks/hub%2Ft0p',
    '/V1/HOOKS/hub/t0p/more',
  ]) {
    expect(redactHookUrl(url)).toBe('/v1/hooks/hub/[redacted]');
  }
  for (const url of ['http://u:pw@gw.test/v1/hooks/hub/t0p', '/v1/%2568ooks/hub/t0p', '/v1/hooks/hub/%zz']) {
    expect(redactHookUrl(url)).toBe('/v1/hooks/hub/[redacted]');
  }
  expect(redactHookUrl('/gate/way/v1/hooks/hub/t0p')).toBe('/gate/way/v1/hooks/hub/[redacted]');
  expect(redactHookUrl('/a b\n/v1/hooks/hub')).toBe('/[redacted]/v1/hooks/hub');
  const tokens = new Set(['t0p']);
  expect(redactHookUrl('/v1/hooks/t0p', tokens)).toBe('/v1/hooks/[redacted]');
  expect(redactHookUrl('/v1/hook/hub/%740p?x=t0p', tokens)).toBe('/v1/hook/hub/[redacted]?x=[redacted]');
  expect(redactHookUrl('/v1/events?repository=a%20b', tokens)).toBe('/v1/events?repository=a%20b');
  expect(redactHookUrl('/v1/events?repository=a%20b')).toBe('/v1/events?repository=a%20b');
});
