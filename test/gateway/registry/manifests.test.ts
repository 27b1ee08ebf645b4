/** Manifests through the gateway, with a registry behind it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeManifest, type FakeRegistry, startFakeRegistry } from '../../support/fake-registry.ts';
import { type Gateway, type Settings, startGateway } from '../../support/gateway.ts';
import { askPlain } from '../../support/plain-http.ts';
import { openSse, type SseClient } from '../../support/sse-client.ts';

let registry: FakeRegistry;
let gateway: Gateway;

/** A gateway that knows the registry, looks at nothing by itself, and hears of pushes by hook. */
async function start(facade: Settings = {}, more: Settings = {}): Promise<void> {
  gateway = await startGateway({
    defaultRegistry: registry.host,
    registries: [{ host: registry.host, plainHttp: true, poll: { requestsPerSecond: 1_000 } }],
    facade,
    ...more,
  });
}

beforeEach(async () => {
  registry = await startFakeRegistry();
});
afterEach(async () => {
  await gateway.close();
  await registry.close();
});

const ask = (method: 'GET' | 'HEAD', path: string, headers: Record<string, string> = {}) =>
  askPlain(gateway.port, method, `/v2/${path}`, headers);
const asked = () => registry.log.map(({ method, url }) => `${method} ${url}`);
const listen = () => openSse(gateway.port, { repository: 'app' });
const changeOn = async (stream: SseClient) =>
  (await stream.inbox.until((message) => message.kind === 'change')).change;
const codeOf = (body: string) => /"code":"([A-Z_]+)"/.exec(body)?.[1];

/** As a webhook reports it, with or without what a row needs to be fresh. */
function announce(manifest: FakeManifest, tag: string, withSize = true, repository = 'app'): Promise<void> {
  const entry = { reference: `${registry.host}/${repository}:${tag}`, digest: manifest.digest };
  const facts = { mediaType: manifest.mediaType, size: manifest.body.length };
  return gateway.publish(withSize ? { ...entry, ...facts } : entry);
}

describe('a tag that a webhook reported just now', () => {
  it('G17: is answered from its row, and its bytes are fetched once', async () => {
    await start();
    const manifest = registry.push('app', '1', 'one');
    await announce(manifest, '1');
    const head = await ask('HEAD', 'app/manifests/1');
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(head.headers).toMatchObject({
      'content-type': manifest.mediaType,
      'content-length': String(manifest.body.length),
      'docker-content-digest': manifest.digest,
      etag: `"${manifest.digest}"`,
      'docker-distribution-api-version': 'registry/2.0',
    });
    expect(asked()).toEqual([]);
    for (const path of ['app/manifests/1', `app/manifests/${manifest.digest}`, 'app/manifests/1']) {
      const get = await ask('GET', path);
      expect(get).toMatchObject({ status: 200, body: manifest.body });
      expect(get.headers).toMatchObject({ ...head.headers, date: expect.anything() });
    }
    expect(asked()).toEqual([`GET /v2/app/manifests/${manifest.digest}`]);
    expect(await gateway.metric(/facade_requests_total\{answer="row"\}/)).toBe(3);
    expect(await gateway.metric(/facade_requests_total\{answer="upstream"\}/)).toBe(1);
    expect(await gateway.metric(/facade_saved_requests_total/)).toBe(3);
  });

  it('is fetched once for a hundred who want it at once', async () => {
    await start();
    const manifest = registry.push('app', '1', 'one');
    await announce(manifest, '1');
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask('GET', 'app/manifests/1')));
    for (const { status, body } of answers) expect([status, body]).toEqual([200, manifest.body]);
    expect(asked()).toEqual([`GET /v2/app/manifests/${manifest.digest}`]);
  });

  it('is not modified for whoever has it', async () => {
    await start();
    const manifest = registry.push('app', '1', 'one');
    await announce(manifest, '1');
    for (const condition of [
      `"${manifest.digest}"`,
      `W/"${manifest.digest}"`,
      `"other", "${manifest.digest}"`,
      '*',
    ]) {
      const answer = await ask('GET', 'app/manifests/1', { 'if-none-match': condition });
      expect(answer).toMatchObject({ status: 304, body: '' });
      expect(answer.headers['docker-content-digest']).toBe(manifest.digest);
    }
    expect((await ask('GET', 'app/manifests/1', { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('is asked for if its row lacks the size', async () => {
    await start();
    const manifest = registry.push('app', '1', 'one');
    await announce(manifest, '1', false);
    for (let n = 0; n < 2; n += 1)
      expect((await ask('HEAD', 'app/manifests/1')).headers['content-length']).toBe(
        String(manifest.body.length),
      );
    expect(asked()).toEqual(['HEAD /v2/app/manifests/1']);
  });

  it('G16: is asked for again once maxAge is over', async () => {
    await start({ maxAge: '0s' });
    const manifest = registry.push('app', '1', 'one');
    await announce(manifest, '1');
    const moved = registry.push('app', '1', 'two');
    expect((await ask('HEAD', 'app/manifests/1')).headers['docker-content-digest']).toBe(moved.digest);
  });

  it('holds without end if webhooks are trusted', async () => {
    await start(
      { maxAge: '0s' },
      { registries: [{ host: registry.host, plainHttp: true, trustWebhooks: true }] },
    );
    const manifest = registry.push('app', '1', 'one');
    await announce(manifest, '1');
    expect((await ask('HEAD', 'app/manifests/1')).headers['docker-content-digest']).toBe(manifest.digest);
    expect(asked()).toEqual([]);
  });

  it('is not told once it is too old, if its registry is not configured', async () => {
    await start({ maxAge: '0s' }, { registries: [] });
    const manifest = registry.push('app', '1', 'one');
    await announce(manifest, '1');
    for (const reference of ['1', manifest.digest]) {
      const answer = await ask('GET', `app/manifests/${reference}`);
      expect([answer.status, codeOf(answer.body)]).toEqual([404, 'MANIFEST_UNKNOWN']);
      expect(answer.body).toContain('must be configured here (`registries`)');
    }
  });
});

describe('a question to the registry', () => {
  it('G22: is one for a hundred who ask at once, and its answer is a change for subscribers', async () => {
    await start();
    await announce(registry.push('app', '1', 'one'), '1', false);
    const stream = await listen();
    const moved = registry.push('app', '1', 'two');
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask('HEAD', 'app/manifests/1')));
    for (const { headers } of answers) expect(headers['docker-content-digest']).toBe(moved.digest);
    expect(asked()).toEqual(['HEAD /v2/app/manifests/1']);
    expect(await gateway.metric(/facade_saved_requests_total/)).toBe(99);
    expect(await changeOn(stream)).toMatchObject({ type: 'tag.updated', digest: moved.digest });
    stream.close();
  });

  it('G22: that is refused costs the registry nothing until it may be asked again', async () => {
    await start();
    await announce(registry.push('app', '1', 'one'), '1', false);
    registry.faults.push((_request, response) => {
      response.writeHead(429, { 'retry-after': '30' }).end();
      return true;
    });
    const first = await ask('HEAD', 'app/manifests/1');
    expect(first.status).toBe(429);
    for (let n = 0; n < 5; n += 1) {
      const { status, headers, body } = await ask('GET', 'app/manifests/1');
      expect([status, codeOf(body)]).toEqual([429, 'TOOMANYREQUESTS']);
      expect(Number(headers['retry-after'])).toBeGreaterThan(25);
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(30);
    }
    expect(asked()).toHaveLength(1);
    expect(await gateway.metric(/facade_requests_total\{answer="refused"\}/)).toBe(6);
  });

  it.each([
    ['500', (response: import('node:http').ServerResponse) => response.writeHead(500).end()],
    ['a broken connection', (response: import('node:http').ServerResponse) => response.destroy()],
    ['401', (response: import('node:http').ServerResponse) => response.writeHead(401).end()],
    ['nonsense', (response: import('node:http').ServerResponse) => response.writeHead(418).end()],
  ])('G19: that fails with %s is refused, and not repeated at once', async (_what, fail) => {
    await start();
    await announce(registry.push('app', '1', 'one'), '1', false);
    registry.faults.push((_request, response) => {
      fail(response);
      return true;
    });
    expect((await ask('HEAD', 'app/manifests/1')).status).toBe(429);
    const before = asked().length;
    expect((await ask('GET', 'app/manifests/1')).status).toBe(429);
    expect(asked()).toHaveLength(before);
  });

  it('G19: that finds nothing is a 404, and remembered', async () => {
    await start();
    await announce(registry.push('app', '1', 'one'), '1');
    for (let n = 0; n < 3; n += 1) {
      const answer = await ask('GET', 'app/manifests/none');
      expect([answer.status, codeOf(answer.body)]).toEqual([404, 'MANIFEST_UNKNOWN']);
    }
    expect(asked()).toEqual(['HEAD /v2/app/manifests/none']);
  });

  it('G25: has none of the credentials that the client sent', async () => {
    await start();
    const manifest = registry.push('app', '1', 'one');
    await announce(manifest, '1', false);
    const authorization = `Basic ${Buffer.from('somebody:password-elsewhere').toString('base64')}`;
    for (const method of ['HEAD', 'GET'] as const)
      expect((await ask(method, 'app/manifests/1', { authorization })).status).toBe(200);
    expect((await ask('GET', 'app/tags/list', { authorization })).status).toBe(200);
    expect(asked()).toHaveLength(3);
    expect(registry.log.map((request) => request.authorization)).toEqual([null, null, null]);
  });

  it('is never asked for a name that no tag can have', async () => {
    await start();
    await announce(registry.push('app', '1', 'one'), '1');
    for (const name of ['.INVALID', 'a b', 'ü', 'x'.repeat(129)]) {
      const answer = await ask('GET', `app/manifests/${encodeURIComponent(name)}`);
      expect([answer.status, codeOf(answer.body)]).toEqual([404, 'MANIFEST_UNKNOWN']);
    }
    expect(asked()).toEqual([]);
  });
});

describe('a tag that was deleted', () => {
  it('G19: is 404 from its row after a webhook', async () => {
    await start();
    await announce(registry.push('app', '1', 'one'), '1');
    registry.remove('app', '1');
    await gateway.publish({ reference: `${registry.host}/app:1`, action: 'delete' });
    expect((await ask('HEAD', 'app/manifests/1')).status).toBe(404);
    expect(asked()).toEqual([]);
  });

  it('is 404 once the registry says so, and subscribers hear of it', async () => {
    await start();
    await announce(registry.push('app', '1', 'one'), '1', false);
    registry.remove('app', '1');
    const stream = await listen();
    expect((await ask('GET', 'app/manifests/1')).status).toBe(404);
    expect(await changeOn(stream)).toMatchObject({ type: 'tag.deleted', tag: '1' });
    stream.close();
  });
});

describe('a manifest', () => {
  it('G17: whose tag has moved meanwhile is followed to where the tag points now', async () => {
    await start();
    const old = registry.push('app', '1', 'one');
    await announce(old, '1');
    const moved = registry.push('app', '1', 'two');
    registry.removeManifest('app', old.digest);
    const answer = await ask('GET', 'app/manifests/1');
    expect([answer.status, answer.headers['docker-content-digest']]).toEqual([200, moved.digest]);
    expect((await ask('HEAD', 'app/manifests/1')).headers['docker-content-digest']).toBe(moved.digest);
  });

  it('G20: is served in no repository but those that hold it', async () => {
    await start();
    const manifest = registry.push('app', '1', 'one');
    await announce(manifest, '1');
    await announce(registry.push('other', '1', 'other'), '1', true, 'other');
    expect((await ask('GET', `app/manifests/${manifest.digest}`)).status).toBe(200);
    const answer = await ask('GET', `other/manifests/${manifest.digest}`);
    expect([answer.status, codeOf(answer.body)]).toEqual([404, 'MANIFEST_UNKNOWN']);
    const before = asked().length;
    expect((await ask('HEAD', `other/manifests/${manifest.digest}`)).status).toBe(404);
    expect(asked()).toHaveLength(before);
  });

  it('G20: that was deleted is 404 from then on, by its digest too, though its bytes are kept', async () => {
    await start();
    const manifest = registry.push('app', '1', 'one');
    await announce(manifest, '1');
    expect((await ask('GET', `app/manifests/${manifest.digest}`)).status).toBe(200);
    await gateway.publish({ reference: `${registry.host}/app@${manifest.digest}`, action: 'delete' });
    const before = asked().length;
    for (const path of ['app/manifests/1', `app/manifests/${manifest.digest}`])
      expect((await ask('GET', path)).status, path).toBe(404);
    expect(asked()).toHaveLength(before);
  });

  it('is served as a child of an index that the repository holds', async () => {
    await start();
    const child = registry.push('app', 'amd64', 'child');
    const index = registry.pushIndex('app', '1', [child]);
    await announce(index, '1');
    expect((await ask('GET', 'app/manifests/1')).body).toBe(index.body);
    expect((await ask('GET', `app/manifests/${child.digest}`)).body).toBe(child.body);
    expect(asked()).toEqual([
      `GET /v2/app/manifests/${index.digest}`,
      `GET /v2/app/manifests/${child.digest}`,
    ]);
    expect((await ask('HEAD', `app/manifests/${child.digest}`)).headers).toMatchObject({
      'content-length': String(child.body.length),
      'content-type': child.mediaType,
    });
  });

  it('that is not known is asked of the registry by its digest, without a change', async () => {
    await start();
    const old = registry.push('app', '1', 'one');
    await announce(registry.push('app', '1', 'two'), '1');
    const head = await ask('HEAD', `app/manifests/${old.digest}`);
    expect(head.headers).toMatchObject({
      'content-length': String(old.body.length),
      'docker-content-digest': old.digest,
    });
    expect((await ask('HEAD', `app/manifests/${old.digest}`)).status).toBe(200);
    expect(asked()).toEqual([`HEAD /v2/app/manifests/${old.digest}`]);
    expect(await gateway.metric(/changes_total\{type="manifest.pushed"/)).toBe(0);
  });

  it('G17: is refused if its bytes are not those of its digest', async () => {
    await start();
    await announce(registry.push('app', '1', 'one'), '1');
    registry.faults.push((request, response) => {
      if (request.method !== 'GET') return false;
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"forged":true}');
      return true;
    });
    const answer = await ask('GET', 'app/manifests/1');
    expect([answer.status, answer.body.includes('forged')]).toEqual([429, false]);
  });

  it('beyond 4 MiB is not fetched', async () => {
    await start();
    const manifest = registry.push('app', '1', 'one');
    await gateway.publish({
      reference: `${registry.host}/app:1`,
      ...{ digest: manifest.digest, mediaType: manifest.mediaType, size: 4 * 1024 * 1024 + 1 },
    });
    expect((await ask('HEAD', 'app/manifests/1')).status).toBe(200);
    expect((await ask('GET', 'app/manifests/1')).status).toBe(404);
    // Where the size is told too low, the bytes end the request.
    const large = registry.push('app', 'large', 'x'.repeat(5 * 1024 * 1024));
    await gateway.publish({
      reference: `${registry.host}/app:large`,
      ...{ digest: large.digest, mediaType: large.mediaType, size: 10 },
    });
    expect((await ask('GET', 'app/manifests/large')).status).toBe(404);
  });
});

describe('a registry that is not in facade.registries', () => {
  it('is not served, whatever is known of it', async () => {
    await start({ registries: ['other.example'] });
    const manifest = registry.push('app', '1', 'one');
    await announce(manifest, '1');
    for (const path of ['app/manifests/1', `app/manifests/1?ns=${registry.host}`]) {
      const answer = await ask('GET', path);
      expect([answer.status, codeOf(answer.body)]).toEqual([404, 'NAME_UNKNOWN']);
    }
    expect(asked()).toEqual([]);
  });
});

describe('a repository that nobody has named yet', () => {
  it('is unknown unless it may be looked up', async () => {
    await start();
    registry.push('app', '1', 'one');
    const answer = await ask('GET', 'app/manifests/1');
    expect([answer.status, codeOf(answer.body)]).toEqual([404, 'NAME_UNKNOWN']);
    expect(asked()).toEqual([]);
  });

  it('is looked up on demand: at first in silence, later moves are changes', async () => {
    await start({ onDemand: true, maxAge: '0s' });
    const one = registry.push('app', '1', 'one');
    const stream = await listen();
    expect((await ask('HEAD', 'app/manifests/1')).headers['docker-content-digest']).toBe(one.digest);
    expect((await ask('GET', 'app/manifests/1')).body).toBe(one.body);
    const two = registry.push('app', '1', 'two');
    expect((await ask('HEAD', 'app/manifests/1')).headers['docker-content-digest']).toBe(two.digest);
    expect(await changeOn(stream)).toMatchObject({ type: 'tag.updated', previousDigest: one.digest });
    stream.close();
  });

  it('that the registry does not have is asked for once within maxAge', async () => {
    await start({ onDemand: true });
    for (let n = 0; n < 3; n += 1) expect((await ask('GET', 'none/manifests/1')).status).toBe(404);
    expect(asked()).toEqual(['HEAD /v2/none/manifests/1']);
  });
});
