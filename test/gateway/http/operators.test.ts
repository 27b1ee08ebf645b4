/** What operators ask: the status, the subscribers and the hooks of one gateway. */
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startFakeRegistry } from '../../support/fake-registry.ts';
import { digest, type Gateway, type Settings, startGateway } from '../../support/gateway.ts';
import { openSse } from '../../support/sse-client.ts';
import { of } from '../../support/stream-client.ts';
import { until } from '../../support/until.ts';

let gateway: Gateway | null = null;
const folders: string[] = [];
afterEach(async () => {
  await gateway?.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const token = (name: string, rights: object) => ({
  name,
  sha256: digest(`token-of-${name}`).slice(7),
  ...rights,
});
const settings: Settings = {
  name: 'gateway-1',
  access: [token('ci', { repositories: ['**'] }), token('root', { admin: true })],
  webhooks: [
    { name: 'publish', kind: 'manifeed', token: 'hook-secret' },
    { name: 'hub', kind: 'docker-hub', pathToken: 'path-secret-of-the-hook' },
  ],
  registries: [
    {
      host: 'r.test',
      endpoint: 'http://127.0.0.1:9',
      plainHttp: true,
      username: 'u',
      password: 'reg-secret',
    },
  ],
};

/** Of the answers, what the tests look into. */
const answer = z.looseObject({
  // Of the status it is an object.
  subscribers: z
    .array(z.looseObject({ number: z.number() }))
    .optional()
    .catch(undefined),
  hooks: z.array(z.looseObject({ name: z.string() })).optional(),
  next: z.string().nullable().optional(),
});

async function ask(path: string, name: string | null = 'root') {
  const headers = name === null ? {} : { authorization: `Bearer token-of-${name}` };
  const response = await fetch(`${gateway?.url}${path}`, { headers });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: answer.parse(JSON.parse(text)) };
}

const endpoints = ['/v1/status', '/v1/subscribers', '/v1/hooks'] as const;

describe('what operators ask', () => {
  it.each(endpoints)('%s names the gateway, is for administrators, and is kept by no cache', async (path) => {
    gateway = await startGateway(settings);
    const { status, headers, body } = await ask(path);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body.gateway).toBe('gateway-1');
    expect((await ask(path, 'ci')).status).toBe(403);
    expect((await ask(path, null)).status).toBe(401);
  });

  it('is named after the host where no name is set, everywhere', async () => {
    gateway = await startGateway();
    for (const path of [...endpoints, '/v1/access', '/v1/pace', '/v1/upstreams'])
      expect((await ask(path, null)).body.gateway).toBe(hostname());
  });

  it('holds no secret', async () => {
    gateway = await startGateway(settings);
    const stream = await openSse(gateway.port, { access_token: 'token-of-ci', repository: 'a' });
    await fetch(`${gateway.url}/v1/hooks/hub/path-secret-of-the-hook`, { method: 'POST', body: '{}' });
    const texts = await Promise.all(endpoints.map(async (path) => (await ask(path)).text));
    expect(texts.join('')).toContain('"token":"ci"');
    expect(texts.join('')).not.toMatch(/secret|token-of|access_token/);
    stream.close();
  });
});

describe('GET /v1/status', () => {
  it('is one small answer: what runs, the ledger, subscribers, pace, registries, hooks and descriptors', async () => {
    gateway = await startGateway(settings);
    const stream = await openSse(gateway.port, {}, { token: 'token-of-ci' });
    const { body, text } = await ask('/v1/status');
    expect(text.length).toBeLessThan(4_000);
    expect(JSON.parse(text).subscribers).toMatchObject({
      ...{ total: 1, byTransport: { sse: 1, websocket: 0, 'long-poll': 0 }, behind: 0, lag: 0 },
    });
    expect(body).toMatchObject({
      ...{ version: '0.0.0-test', draining: false, moreHooks: 0, moreRegistries: 0 },
      ledger: { kind: 'memory', storing: true, why: null, damage: null, oldest: null, clockBehindMs: 0 },
      pace: { deliveriesPerSecond: 500, heldDeliveries: 0, overrides: 0 },
      registries: [{ registry: 'r.test', repositories: 0 }],
      hooks: [
        { name: 'publish', kind: 'manifeed', lastDelivery: null, lastRefusal: null },
        { name: 'hub', counts: { accepted: 0, refused: 0, unverified: 0 } },
      ],
    });
    stream.close();
  });

  it('says that the gateway is shutting down, and how many descriptors it uses of how many', async () => {
    gateway = await startGateway(settings);
    const { descriptors } = (await ask('/v1/status')).body;
    if (process.platform === 'linux') expect(descriptors).toMatchObject({ used: expect.any(Number) });
    await gateway.app.drain();
    const { draining, warnings } = (await ask('/v1/status')).body;
    expect(draining).toBe(true);
    expect(warnings).toMatchObject([{ severity: 'info', code: 'draining' }]);
  });

  it('says why a hook was refused last, until it accepts again', async () => {
    gateway = await startGateway(settings);
    const post = (authorization: string) =>
      fetch(`${gateway?.url}/v1/hooks/publish`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: JSON.stringify({ reference: 'a:1', digest: digest('one') }),
      });
    await post('wrong');
    const refused = (await ask('/v1/status')).body;
    expect(refused.hooks?.[0]).toMatchObject({ name: 'publish', lastRefusal: { code: 'UNAUTHORIZED' } });
    expect(refused.warnings).toMatchObject([{ code: 'hook-refused', about: 'publish' }]);
    await post('hook-secret');
    const accepted = (await ask('/v1/status')).body;
    expect(accepted.hooks?.[0]).toMatchObject({ counts: { accepted: 1, unverified: 1 } });
    expect(accepted.warnings).toEqual([]);
    expect(accepted.ledger).toMatchObject({ oldest: expect.any(String), newest: expect.any(String) });
  });

  it('says that the ledger does not store, and why, once its file is gone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'manifeed-status-'));
    folders.push(folder);
    gateway = await startGateway({ ledger: `sqlite:${join(folder, 'm.db')}` });
    const sound = (await ask('/v1/status', null)).body;
    expect(sound.ledger).toMatchObject({ kind: 'sqlite', storing: true, bytes: expect.any(Number) });
    rmSync(folder, { recursive: true, force: true });
    const { ledger, warnings } = (await ask('/v1/status', null)).body;
    expect(ledger).toMatchObject({ storing: false, why: expect.stringContaining('check the ledger') });
    expect(warnings).toMatchObject([{ severity: 'critical', code: 'ledger-not-storing' }]);
  });
});

describe('GET /v1/subscribers', () => {
  it('lists page by page who is connected, from where, with which token and filter', async () => {
    gateway = await startGateway(settings);
    const wanted = { repository: ['a', 'ghcr.io/team/**'], tag: '1.*' };
    const streams = [await openSse(gateway.port, wanted, { token: 'token-of-ci' })];
    for (let n = 0; n < 4; n++) streams.push(await openSse(gateway.port, {}, { token: 'token-of-root' }));
    const first = await ask('/v1/subscribers?n=2');
    expect(first.body.subscribers?.[0]).toMatchObject({
      ...{ transport: 'sse', address: '127.0.0.1', token: 'ci', state: 'live', paced: true, lag: 0 },
      ...{ heldUntil: null },
      subscriptions: [
        {
          repository: ['docker.io/library/a', 'ghcr.io/team/**'],
          ...{ tag: ['1.*'], type: ['tag.created', 'tag.updated', 'tag.deleted'], platform: [], more: 0 },
        },
      ],
    });
    expect(first.headers.get('link')).toContain('rel="next"');
    const numbers: number[] = [];
    for (let path: string | null = '/v1/subscribers?n=2'; path !== null; ) {
      const { body } = await ask(path);
      numbers.push(...(body.subscribers ?? []).map(({ number }) => number));
      path = typeof body.next === 'string' ? `/v1/subscribers?n=2&cursor=${body.next}` : null;
    }
    expect(new Set(numbers).size).toBe(5);
    for (const stream of streams) stream.close();
    await until(
      'nobody is connected',
      async () => (await ask('/v1/subscribers')).body.subscribers?.length === 0,
    );
  });

  it.each([
    ['n=0', 'n'],
    ['n=1001', 'n'],
    ['cursor=x', 'cursor'],
    ['page=2', 'page'],
  ])('refuses ?%s by the name of the parameter', async (query, parameter) => {
    gateway = await startGateway(settings);
    const { status, text } = await ask(`/v1/subscribers?${query}`);
    expect([status, JSON.parse(text).errors[0].detail.parameter]).toEqual([400, parameter]);
  });
});

describe('GET /v1/hooks', () => {
  it('lists the hooks page by page, in the order of the configuration', async () => {
    const names = Array.from({ length: 5 }, (_, index) => `hook-${index}`);
    const webhooks = names.map((name) => ({ name, kind: 'manifeed', verify: 'none' }));
    gateway = await startGateway({ ...settings, webhooks });
    const found: string[] = [];
    for (let path: string | null = '/v1/hooks?n=2'; path !== null; ) {
      const { body } = await ask(path);
      found.push(...(body.hooks ?? []).map(({ name }) => name));
      path = typeof body.next === 'string' ? `/v1/hooks?n=2&cursor=${body.next}` : null;
    }
    expect(found).toEqual(names);
    const one = async (hook: string) =>
      (await ask(`/v1/hooks?hook=${hook}`)).body.hooks?.map(({ name }) => name);
    expect(await one('hook-4')).toEqual(['hook-4']);
    expect(await one('none')).toEqual([]);
    expect((await ask('/v1/hooks?n=x')).status).toBe(400);
  });
});

describe('GET /v1/upstreams', () => {
  it('tells the budget of each registry, and lists as many repositories as are asked for, failing ones first', async () => {
    const registry = await startFakeRegistry();
    registry.push('team/good', '1', 'one');
    registry.faults.push((_request, response, url) => {
      if (!url.pathname.includes('team/bad')) return false;
      response.writeHead(403).end();
      return true;
    });
    const poll = { interval: '1s', requestsPerSecond: 50 };
    gateway = await startGateway({
      registries: [
        { host: registry.host, plainHttp: true, poll },
        { host: 'other.test', poll },
      ],
      watch: ['good', 'bad', 'bad-too'].map((name) => ({
        repository: `${registry.host}/team/${name}`,
        tags: ['1'],
      })),
    });
    const reports = async (query: string) =>
      JSON.parse((await ask(`/v1/upstreams${query}`, null)).text).upstreams;
    await until('two looks have failed', async () => (await reports('?n=0'))[0].failing === 2);
    expect(await reports('?n=0')).toMatchObject([
      { registry: registry.host, requestsPerSecond: 50, total: 3, failing: 2, repositories: [] },
      { registry: 'other.test', total: 0, due: 0, failing: 0 },
    ]);
    const [one, ...others] = await reports(`?registry=${registry.host}&n=2`);
    expect(others).toEqual([]);
    expect(one.repositories.map(({ repository }: { repository: string }) => repository).toSorted()).toEqual([
      'team/bad',
      'team/bad-too',
    ]);
    expect(one.repositories[0]).toMatchObject({
      failures: expect.any(Number),
      lastError: expect.any(String),
    });
    expect(await reports('?registry=unknown.test')).toEqual([]);
    await registry.close();
  });

  it.each([
    ['n=1001', 'n'],
    ['n=x', 'n'],
    ['cursor=x', 'cursor'],
  ])('refuses ?%s by the name of the parameter', async (query, parameter) => {
    gateway = await startGateway(settings);
    const { status, text } = await ask(`/v1/upstreams?${query}`);
    expect([status, JSON.parse(text).errors[0].detail.parameter]).toEqual([400, parameter]);
  });
});

describe('GET /v1/pace', () => {
  it('counts what was delivered, also after a scrape of the metrics', async () => {
    gateway = await startGateway();
    const stream = await openSse(gateway.port, {});
    await stream.inbox.until(of('ready'));
    const deliveries = async () => JSON.parse((await ask('/v1/pace', null)).text).deliveries;
    for (const count of [1, 2]) {
      await gateway.publish({ reference: 'nginx:1', digest: digest(String(count)) });
      await stream.inbox.until(of('change'));
      expect(await deliveries()).toBe(count);
      expect(await gateway.metric(/^manifeed_deliveries_total\{transport="sse"/)).toBe(count);
    }
    expect(await deliveries()).toBe(2);
    stream.close();
  });
});
