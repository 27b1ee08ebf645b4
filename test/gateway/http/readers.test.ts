/** How many requests may read at once, over both APIs, and how long each counts. */
import fastify from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { readerOf } from '../../../src/http/read/reader.ts';
import { askerLimits, Readers, readerLimits } from '../../../src/reading/readers.ts';
import { type FakeRegistry, startFakeRegistry } from '../../support/fake-registry.ts';
import { digest, type Gateway, startGateway } from '../../support/gateway.ts';
import { grantOf } from '../../support/list-world.ts';
import { askPlain } from '../../support/plain-http.ts';
import { openRaw } from '../../support/raw-http.ts';

const maxPerClient = readerLimits.perClient;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

describe('a request under /v2', () => {
  /** A gateway whose registry lists no tags until `answer` is called. */
  async function stalled(): Promise<{ gateway: Gateway; registry: FakeRegistry; answer: () => void }> {
    const registry = await startFakeRegistry();
    const { promise, resolve } = Promise.withResolvers<void>();
    let isOpen = false;
    registry.faults.push((_request, response, url) => {
      if (isOpen || !url.pathname.endsWith('/tags/list')) return false;
      void promise.then(() => response.end('{"tags":["1"]}'));
      return true;
    });
    const registries = [{ host: registry.host, plainHttp: true }];
    const gateway = await startGateway({ registries, defaultRegistry: registry.host });
    closers.push(() => gateway.close(), registry.close);
    await gateway.publish({ reference: `${registry.host}/app:1`, digest: digest('1') });
    const answer = () => {
      isOpen = true;
      resolve();
    };
    return { gateway, registry, answer };
  }

  it('counts with those under /v1: lists, histories and GETs of manifests are refused beyond the bound', async () => {
    const { gateway, registry, answer } = await stalled();
    const ask = async (path: string, method = 'GET') => {
      const { status, body } = await askPlain(gateway.port, method, path);
      return `${status} ${/"code":"([A-Z_]+)"/.exec(body)?.[1] ?? ''}`.trim();
    };
    const first = Array.from({ length: maxPerClient }, () => ask('/v2/app/tags/list'));
    await registry.reached('GET tags', 1);
    while ((await ask('/v1/tags')) === '200') await new Promise((pass) => setImmediate(pass));
    for (const path of [
      '/v2/app/tags/list',
      '/v2/app/manifests/1',
      '/v2/app/_oci/tag-history/1',
      '/v2/app/_chainguard/history/1',
      '/v2/_catalog',
    ])
      expect([path, await ask(path)]).toEqual([path, '429 TOOMANYREQUESTS']);
    expect(await ask('/v1/tags')).toBe('429 TOO_MANY_REQUESTS');
    // What takes no memory is answered.
    expect(await ask('/v2/')).toBe('200');
    expect(await ask('/v2/app/_oci/tag-history/1?n=0')).toBe('200');
    expect(await ask('/v2/app/manifests/1', 'HEAD')).toBe('404');
    answer();
    expect(new Set(await Promise.all(first))).toEqual(new Set(['200']));
    expect(await ask('/v2/app/tags/list')).toBe('200');
  });
});

describe('a HEAD of a manifest', () => {
  it('is one of very many that may wait, but one connection cannot bring any number', async () => {
    const registry = await startFakeRegistry();
    const held: (() => void)[] = [];
    registry.faults.push((_request, response) => {
      held.push(() => response.writeHead(404).end());
      return true;
    });
    const registries = [{ host: registry.host, plainHttp: true }];
    const settings = { registries, defaultRegistry: registry.host, facade: { onDemand: true } };
    const gateway = await startGateway(settings);
    closers.push(() => gateway.close(), registry.close);
    const described = { mediaType: 'application/vnd.oci.image.manifest.v1+json', size: 7 };
    await gateway.publish({ reference: `${registry.host}/app:fresh`, digest: digest('fresh'), ...described });
    const head = 'HEAD /v2/app/manifests/1 HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const flood = await openRaw(gateway.port);
    flood.send(head.repeat(2 * askerLimits.perClient));
    await registry.reached('HEAD manifests', 1);
    const fresh = () => askPlain(gateway.port, 'HEAD', '/v2/app/manifests/fresh');
    let answer = await fresh();
    while (answer.status === 200) answer = await fresh();
    expect([answer.status, Number(answer.headers['retry-after']) > 0]).toEqual([429, true]);
    // A list is of another kind, and its place is free.
    expect((await askPlain(gateway.port, 'GET', '/v1/tags')).status).toBe(200);
    flood.close();
    for (const release of held) release();
    while ((await fresh()).status !== 200) await new Promise((pass) => setImmediate(pass));
    expect(registry.count('HEAD manifests')).toBe(1);
  });
});

describe('a place among the readers', () => {
  /** A server that answers `/N` with N bytes. */
  async function serve(): Promise<number> {
    const server = fastify();
    const readers = new Readers();
    const grant = grantOf(['**']);
    server.get('/:bytes', async (request, reply) => {
      readers.enter(readerOf(request, reply, grant));
      // As every ledger does, so that all requests of one packet have entered before the first is answered.
      await new Promise((pass) => setImmediate(pass));
      return reply.send(Buffer.alloc(Number(request.url.slice(1))));
    });
    server.setErrorHandler((error, _request, reply) => reply.code(429).send(String(error)));
    closers.push(() => server.close());
    return Number(new URL(await server.listen({ host: '127.0.0.1', port: 0 })).port);
  }

  it('is taken until the client has its answer, or has left, also for requests that wait on one socket', async () => {
    const port = await serve();
    const statusOf = async () => (await askPlain(port, 'GET', '/1')).status;
    const slow = await openRaw(port);
    slow.socket.pause();
    // More than the system keeps for a client that does not read.
    slow.send(`GET /${32 * 1024 * 1024} HTTP/1.1\r\nHost: a\r\n\r\n`);
    slow.send('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(maxPerClient - 1));
    while ((await statusOf()) !== 429) await new Promise((pass) => setImmediate(pass));
    slow.socket.destroy();
    while ((await statusOf()) !== 200) await new Promise((pass) => setImmediate(pass));
    // All of them are free again, not only that of the answer that was being written.
    const all = await Promise.all(Array.from({ length: maxPerClient }, statusOf));
    expect(new Set(all)).toEqual(new Set([200]));
  });

  it('is free for the next request of a client that asks again at once', async () => {
    const port = await serve();
    const clients = Array.from({ length: maxPerClient }, async () => {
      const statuses = new Set<number>();
      for (let n = 0; n < 20; n += 1) statuses.add((await askPlain(port, 'GET', '/1024')).status);
      return [...statuses];
    });
    expect(new Set((await Promise.all(clients)).flat())).toEqual(new Set([200]));
  });
});
